import JSONScanner

import Testing

@testable import Gateway
@testable import OpenSSLTLS

@Suite struct ClientCertificateTests {
    private func certificate(
        _ names: [PeerCertificate.AlternativeName], commonName: String? = "device-7"
    ) -> ClientCertificate {
        ClientCertificate(
            PeerCertificate(
                subject: "CN=device-7,O=Ex\"ample", commonName: commonName, alternativeNames: names, fingerprint: "ab12"
            ))
    }

    @Test func `its names are a JSON object`() {
        let names: [PeerCertificate.AlternativeName] = [
            .dns("a.example"), .uri("spiffe://x/y"), .dns("b.example"), .ip("127.0.0.1"),
        ]
        #expect(
            String(decoding: self.certificate(names).json, as: UTF8.self)
                == #"{"subject":"CN=device-7,O=Ex\"ample","commonName":"device-7","fingerprint":"ab12","#
                + #""dns":["a.example","b.example"],"uri":["spiffe://x/y"],"ip":["127.0.0.1"]}"#)
    }

    @Test func `a user is the only name of a kind`() {
        let one = self.certificate([.dns("a.example"), .email("a@example"), .email("b@example")])
        #expect(one.user(by: .commonName) == "device-7")
        #expect(one.user(by: .subject) == "CN=device-7,O=Ex\"ample")
        #expect(one.user(by: .dns) == "a.example")
        #expect(one.user(by: .email) == nil, "two of them")
        #expect(one.user(by: .uri) == nil)
        #expect(self.certificate([], commonName: nil).user(by: .commonName) == nil)
        #expect(self.certificate([.dns("")]).user(by: .dns) == nil)
        #expect(self.certificate([.dns(String(repeating: "x", count: 256))]).user(by: .dns) == nil)
    }

    @Test func `a thousand names are cut short`() throws {
        let names = (0..<1_000).map { PeerCertificate.AlternativeName.dns("n\($0).example") }
        let json = self.certificate(names).json
        #expect(json.count < 2_048)
        #expect(throws: Never.self) { try JSONDocument(json) }
    }
}
