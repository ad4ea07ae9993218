import Testing

@testable import Configuration

@Suite struct OriginPatternTests {
    private func matches(_ pattern: String, _ origin: String) throws -> Bool {
        try #require(OriginPattern(pattern)).matches(try #require(WebOrigin(origin)))
    }

    @Test(arguments: [
        ("https://app.example.com", "https://app.example.com", true),
        ("https://APP.example.com", "HTTPS://app.EXAMPLE.com", true),
        ("https://app.example.com", "https://app.example.com:443", true),
        ("https://app.example.com:443", "https://app.example.com", true),
        ("https://app.example.com", "https://app.example.com:8443", false),
        ("https://app.example.com:8443", "https://app.example.com:8443", true),
        ("https://app.example.com:8443", "https://app.example.com", false),
        ("https://app.example.com", "http://app.example.com", false),
        ("http://localhost:*", "http://localhost:5173", true),
        ("http://localhost:*", "http://localhost", true),
        ("http://localhost:*", "https://localhost", false),
        ("http://[::1]:3000", "http://[::1]:3000", true),
        ("capacitor://localhost", "capacitor://localhost", true),
        ("capacitor://localhost", "ionic://localhost", false),
    ])
    func `an origin is its scheme, host and port`(pattern: String, origin: String, expected: Bool) throws {
        #expect(try self.matches(pattern, origin) == expected)
    }

    @Test(arguments: [
        ("https://a.example.com", true), ("https://A-9.example.com", true), ("https://a.example.com:443", true),
        ("https://example.com", false), ("https://a.b.example.com", false), ("https://.example.com", false),
        ("https://aexample.com", false), ("https://a.example.com.evil.io", false),
        ("https://a.example.com:8443", false),
        ("http://a.example.com", false), ("https://evil.io.example.com.", false),
    ])
    func `a wildcard is exactly one label`(origin: String, expected: Bool) throws {
        let pattern = try #require(OriginPattern("https://*.example.com"))
        #expect(WebOrigin(origin).map { pattern.matches($0) } ?? false == expected)
    }

    @Test func `a wildcard has its port like any other`() throws {
        #expect(try self.matches("https://*.example.com:8443", "https://a.example.com:8443"))
        #expect(try !self.matches("https://*.example.com:8443", "https://a.example.com"))
        #expect(try self.matches("https://*.example.com:*", "https://a.example.com:1"))
    }

    @Test(arguments: [
        "https://*", "https://*.com", "https://a.*.com", "https://*a.example.com", "https://*.*.example.com",
        "*.example.com", "app.example.com", "https://", "https:///", "https://a/", "https://a?b", "https://a#b",
        "https://u@a", "https://a:", "https://a:0", "https://a:65536", "https://a:80a", "https://a b", "null", "",
        "https://[::1", "https://[]", "https://[::1]x", "1https://a", "https://é.example", "*://a.example.com",
        "capacitor://*.example.com",
    ])
    func `what would mean more, or nothing, is no pattern`(text: String) {
        #expect(OriginPattern(text) == nil)
    }

    @Test func `a star in what a browser sends means nothing`() throws {
        #expect(try !self.matches("https://*.example.com", "https://*.b.example.com"))
        #expect(WebOrigin("https://a.example.com:*") == nil)
    }

    @Test(arguments: [
        ("http://127.0.0.1:8080", "127.0.0.1:8080", true), ("https://gw.example", "gw.example", true),
        ("http://gw.example", "gw.example", true), ("https://gw.example", "GW.example:443", true),
        ("http://gw.example", "gw.example:443", false), ("https://gw.example:8443", "gw.example", false),
        ("http://127.0.0.1:8081", "127.0.0.1:8080", false), ("capacitor://gw.example", "gw.example", false),
        ("https://gw.example", "gw.example@evil.io", false), ("https://gw.example", "", false),
        ("http://[::1]:80", "[::1]", true),
    ])
    func `the origin of a host`(origin: String, host: String, expected: Bool) throws {
        #expect(try #require(WebOrigin(origin)).isOf(hostField: host) == expected)
    }
}
