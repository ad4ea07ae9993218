import Testing

@testable import Configuration

@Suite struct ListenerTests {
    private func listener(_ members: String, environment: [String: String] = [:]) throws
        -> GatewayConfiguration.Listener
    {
        let text = #"{"listeners":[{"address":"127.0.0.1:80",\#(members)}]}"#
        return try #require(try TestLoad(text, environment: environment).get().listeners.first)
    }

    @Test func `TLS has a certificate, a key and nothing else that it needs`() throws {
        let tls = try #require(try listener(#""tls": { "certificate": "tls.crt", "key": "/run/tls.key" }"#).tls)
        #expect(
            tls
                == .init(
                    certificate: "/etc/gatehouse/tls.crt", key: "/run/tls.key", minimumVersion: .v12, clientCA: nil,
                    requiresClientCertificate: true, ticketKeys: nil, certificates: []))
    }

    @Test func `certificates of clients may be optional`() throws {
        let members = #""tls": { "certificate": "a", "key": "b", "clientCA": "c", "clientCertificates": "optional" }"#
        #expect(try listener(members).tls?.requiresClientCertificate == false)
    }

    @Test func `every path of TLS is relative to the file that names it`() throws {
        let members = """
            "tls": { "certificate": "a", "key": "b", "minimumVersion": "1.3", "clientCA": "c", "ticketKeys": "d",
                     "certificates": [ { "names": ["*.example.org"], "certificate": "e", "key": "f" } ] }
            """
        let tls = try #require(try listener(members).tls)
        #expect(tls.minimumVersion == .v13)
        #expect([tls.certificate, tls.key] == ["/etc/gatehouse/a", "/etc/gatehouse/b"])
        #expect([tls.clientCA, tls.ticketKeys] == ["/etc/gatehouse/c", "/etc/gatehouse/d"])
        #expect(
            tls.certificates
                == [.init(names: ["*.example.org"], certificate: "/etc/gatehouse/e", key: "/etc/gatehouse/f")])
    }

    @Test func `a path from the environment is relative to the working directory`() throws {
        let variables = ["GATEHOUSE_LISTENERS_0_TLS_KEY": "other.key"]
        let tls = try #require(try listener(#""tls": {"certificate":"a","key":"b"}"#, environment: variables).tls)
        #expect(tls.key == "other.key")
        #expect(tls.certificate == "/etc/gatehouse/a")
    }

    @Test func `proxies are networks, and the header that they name a client in is lower-case`() throws {
        let members = #""trustedProxies": ["10.0.0.0/8", "::1"], "clientAddressHeader": "CF-Connecting-IP""#
        let listener = try listener(members)
        #expect(listener.trustedProxies == [AddressRange("10.0.0.0/8"), AddressRange("::1")])
        #expect(listener.clientAddressHeader == "cf-connecting-ip")
        #expect(listener.proxyProtocol == .off)
        #expect(try self.listener(#""clientAddressHeader": "Forwarded""#).clientAddressHeader == "forwarded")
    }

    @Test(arguments: ["off", "v1", "v2"])
    func `the PROXY protocol is off or of one version`(_ version: String) throws {
        let listener = try listener(#""proxyProtocol": "\#(version)", "trustedProxies": ["10.0.0.0/8"]"#)
        #expect(listener.proxyProtocol.rawValue == version)
    }

    @Test func `turning the PROXY protocol off needs no proxies`() throws {
        #expect(try listener(#""proxyProtocol": "off", "trustedProxies": []"#).trustedProxies.isEmpty)
    }
}
