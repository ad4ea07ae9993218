import Testing

@testable import Gateway

@Suite struct OriginPolicyTests {
    private static let configured = OriginPolicy(["https://app.example.com"], cors: nil)

    @Test(arguments: [
        "https://evil.example", "null", "https://app.example.com.evil.io", "http://app.example.com",
        "https://app.example.com:8443", "https://app.example.com@evil.io", "app.example.com", "",
    ])
    func `A1 a foreign origin is refused`(origin: String) {
        #expect(!Self.configured.admits(origin: origin, host: "gateway.example"))
    }

    @Test(arguments: ["https://app.example.com", "HTTPS://APP.example.com"])
    func `A1 a configured origin is admitted`(origin: String) {
        #expect(Self.configured.admits(origin: origin, host: "gateway.example"))
    }

    @Test func `a client that is no browser has no origin`() {
        #expect(Self.configured.admits(origin: nil, host: "gateway.example"))
    }

    @Test func `pages of the gateway's own host are admitted, whatever ends TLS in front of it`() {
        let policy = OriginPolicy([], cors: nil)
        #expect(policy.admits(origin: "http://127.0.0.1:8080", host: "127.0.0.1:8080"))
        #expect(policy.admits(origin: "https://gateway.example", host: "gateway.example"))
        #expect(policy.admits(origin: "https://gateway.example", host: "gateway.example:443"))
        #expect(!policy.admits(origin: "http://127.0.0.1:8081", host: "127.0.0.1:8080"))
        #expect(!policy.admits(origin: "https://gateway.example", host: nil))
    }

    @Test func `a page that came without TLS is foreign to a gateway that is reached by it`() {
        let policy = OriginPolicy([], cors: nil)
        #expect(!policy.admits(origin: "http://gateway.example", host: "gateway.example", isTLS: true))
        #expect(policy.admits(origin: "https://gateway.example", host: "gateway.example", isTLS: true))
        let configured = OriginPolicy(["http://legacy.example"], cors: nil)
        #expect(configured.admits(origin: "http://legacy.example", host: "gateway.example", isTLS: true))
    }

    @Test func `A1 a wildcard is one label deep`() {
        let policy = OriginPolicy(["https://*.example.com"], cors: nil)
        #expect(policy.admits(origin: "https://a.example.com", host: "gateway.test"))
        for origin in ["https://a.b.example.com", "https://example.com", "https://a.example.com.evil.io"] {
            #expect(!policy.admits(origin: origin, host: "gateway.test"), "\(origin)")
        }
    }

    @Test func `a star admits everyone`() {
        #expect(OriginPolicy(["*"], cors: nil).admits(origin: "https://evil.example", host: "gateway.example"))
    }
}
