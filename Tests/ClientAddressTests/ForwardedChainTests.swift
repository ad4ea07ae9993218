import Randomness
import Testing

@testable import ClientAddress

@Suite struct ForwardedChainTests {
    private static func isTrusted(_ address: IPAddress) -> Bool {
        address.ipv4.map { $0 >> 24 == 10 } ?? (address.high >> 48 == 0xFD00)
    }

    private func client(_ header: String?, peer: String = "10.0.0.1", _ syntax: ForwardedChain.Syntax) throws -> String
    {
        let peer = try #require(IPAddress(peer))
        return ForwardedChain(peer: peer, header: header, syntax: syntax, isTrusted: Self.isTrusted).client.description
    }

    @Test(
        arguments: [
            (nil, "10.0.0.1"), ("", "10.0.0.1"), ("1.1.1.1, 9.9.9.9, 10.0.0.2", "9.9.9.9"), ("9.9.9.9", "9.9.9.9"),
            ("10.0.0.3,10.0.0.2", "10.0.0.3"), ("1.1.1.1 , 10.0.0.2\t", "1.1.1.1"), ("evil, 10.0.0.2", "10.0.0.2"),
            ("9.9.9.9, evil, 10.0.0.2", "10.0.0.2"), ("9.9.9.9, ", "10.0.0.1"), (", 9.9.9.9", "9.9.9.9"),
            ("9.9.9.9,,10.0.0.2", "10.0.0.2"), ("unknown", "10.0.0.1"), ("9.9.9.9:1234, 10.0.0.2", "9.9.9.9"),
            ("[2001:db8::1]:4711", "2001:db8::1"), ("[2001:db8::1]", "2001:db8::1"), ("2001:db8::1", "2001:db8::1"),
            ("2001:db8::1, fd00::5", "2001:db8::1"), ("::ffff:9.9.9.9", "9.9.9.9"),
            ("9.9.9.9, ::ffff:10.0.0.2", "9.9.9.9"),
            ("9.9.9.9:", "10.0.0.1"), ("9.9.9.9:123456", "10.0.0.1"), ("[9.9.9.9]", "10.0.0.1"),
            ("[2001:db8::1", "10.0.0.1"), ("[2001:db8::1]x", "10.0.0.1"), ("9.9.9.9 10.0.0.2", "10.0.0.1"),
            ("\"9.9.9.9\"", "10.0.0.1"), ("for=9.9.9.9", "10.0.0.1"), ("\"1.1.1.1, 9.9.9.9", "9.9.9.9"),
            ("009.9.9.9", "10.0.0.1"), ("9.9.9.9;8.8.8.8", "10.0.0.1"), ("fe80::1%eth0", "10.0.0.1"),
        ] as [(String?, String)])
    func `a list of addresses is believed from right to left as far as proxies are trusted`(
        header: String?, expected: String
    ) throws {
        #expect(try client(header, .addressList) == expected)
    }

    @Test(
        arguments: [
            (nil, "10.0.0.1"), ("", "10.0.0.1"), ("for=9.9.9.9", "9.9.9.9"), ("For=\"9.9.9.9\"", "9.9.9.9"),
            ("for=1.1.1.1, for=9.9.9.9, for=10.0.0.2", "9.9.9.9"), ("for=\"[2001:db8::1]:4711\"", "2001:db8::1"),
            ("for=\"[2001:db8::1]\";proto=https;by=10.0.0.1", "2001:db8::1"), ("for=\"9.9.9.9:4711\"", "9.9.9.9"),
            ("for=9.9.9.9:4711", "9.9.9.9"), ("for=[2001:db8::1]:4711", "2001:db8::1"), ("for=unknown", "10.0.0.1"),
            ("for=_hidden, for=10.0.0.2", "10.0.0.2"), ("for=9.9.9.9, for=_x", "10.0.0.1"), ("proto=https", "10.0.0.1"),
            ("for=\"9.9.9.9:_obf\"", "9.9.9.9"), ("for=\"[2001:db8::1]:_o.b-f\"", "2001:db8::1"),
            ("for=\"9.9.9.9:_\"", "10.0.0.1"), ("for=9.9.9.9;for=8.8.8.8", "10.0.0.1"), ("for=9.9.9.9;", "9.9.9.9"),
            (";;for=9.9.9.9", "9.9.9.9"), (";", "10.0.0.1"),
            ("for=9.9.9.9 ; proto=https", "9.9.9.9"), ("for=", "10.0.0.1"), ("for", "10.0.0.1"),
            ("=9.9.9.9", "10.0.0.1"),
            ("for =9.9.9.9", "10.0.0.1"), ("for=9.9.9.9 x", "10.0.0.1"), ("for=\"9.9.9.9", "10.0.0.1"),
            ("for=9.9.9.9\"", "10.0.0.1"), ("for=\"\\9.9.9.9\"", "9.9.9.9"), ("host=\"a,b\";for=9.9.9.9", "9.9.9.9"),
            ("for=9.9.9.9;host=\"a,b;for=1.1.1.1\"", "9.9.9.9"), ("for=\"evil, for=9.9.9.9", "9.9.9.9"),
            ("for=\"1.1.1.1, for=\"[2001:db8::1]\"", "2001:db8::1"), ("host=\"\\\", for=9.9.9.9", "9.9.9.9"),
            ("host=\"a\\\"b,c\";for=9.9.9.9, for=10.0.0.2", "9.9.9.9"), ("\\, for=9.9.9.9", "9.9.9.9"),
        ] as [(String?, String)])
    func `Forwarded elements are believed from right to left as far as proxies are trusted`(
        header: String?, expected: String
    ) throws {
        #expect(try client(header, .forwarded) == expected)
    }

    @Test func `the header of an untrusted peer is ignored`() throws {
        let peer = try #require(IPAddress("9.9.9.9"))
        for syntax in [ForwardedChain.Syntax.addressList, .forwarded] {
            let chain = ForwardedChain(
                peer: peer, header: syntax == .forwarded ? "for=1.1.1.1" : "1.1.1.1", syntax: syntax,
                isTrusted: Self.isTrusted)
            #expect(chain.client == peer)
            #expect(!chain.isPeerTrusted)
        }
    }

    @Test func `at most 32 elements are looked at`() throws {
        let proxies = (1...40).map { "10.0.0.\($0)" }
        #expect(try client("9.9.9.9," + proxies.prefix(31).joined(separator: ","), .addressList) == "9.9.9.9")
        #expect(try client("9.9.9.9," + proxies.prefix(32).joined(separator: ","), .addressList) == "10.0.0.1")
        #expect(try client(proxies.joined(separator: ","), .addressList) == "10.0.0.9")
    }

    @Test func `nothing that a client writes hides the address that the proxy appends`() throws {
        var random = SeededRandom(seed: 21)
        let alphabet = Array("\"\\,;= \tfor:[].19a_".utf8)
        for _ in 0..<3000 {
            let text = (0..<Int.random(in: 0...40, using: &random)).map { _ in alphabet.randomElement(using: &random)! }
            let prefix = String(decoding: text, as: UTF8.self)
            let clients = [
                try client(prefix + ", for=9.9.9.9;proto=https", .forwarded),
                try client(prefix + ", for=\"[2001:db8::1]:4711\"", .forwarded),
                try client(prefix + ", 9.9.9.9", .addressList),
            ]
            if clients != ["9.9.9.9", "2001:db8::1", "9.9.9.9"] { Issue.record("\(prefix)") }
        }
    }

    @Test func `a header of nothing but quotes and backslashes is read in linear time`() throws {
        let long = String(repeating: "\\\"", count: 32_000) + "\""
        #expect(try client(long, .forwarded) == "10.0.0.1")
    }
}
