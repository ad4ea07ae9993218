import Testing

@testable import ClientAddress

@Suite struct ProxyLineTests {
    @Test(
        arguments: [
            ("TCP4 192.0.2.1 198.51.100.2 40000 443", "192.0.2.1:40000"),
            ("TCP4 0.0.0.0 255.255.255.255 0 65535", "0.0.0.0:0"),
            ("TCP6 2001:db8::1 2001:db8::2 1 2", "[2001:db8::1]:1"), ("TCP6 ::1 :: 65535 0", "[::1]:65535"),
            ("TCP6 ::ffff:192.0.2.1 ::1 1 2", "192.0.2.1:1"), ("TCP6 2001:DB8:0:0:0:0:0:1 ::2 1 2", "[2001:db8::1]:1"),
            (
                "TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535",
                "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"
            ),
            ("UNKNOWN", nil), ("UNKNOWN ", nil), ("UNKNOWN anything at all", nil),
            ("UNKNOWN TCP4 999.9.9.9 \u{0}", nil),
            (
                "UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535",
                nil
            ),
        ])
    func `a good line says who the client is, or that the peer counts`(line: String, source: String?) {
        let bytes = Array("PROXY \(line)\r\n".utf8)
        for step in [1, .max] {
            guard case .done(let header, bytes.count) = ProxyHeaderDecoderTests.decode(bytes, step: step) else {
                Issue.record("\(line) is refused")
                return
            }
            #expect(header.version == .one)
            switch header.origin {
            case .peer: #expect(source == nil)
            case .forwarded(let address, _): #expect(address.description == source)
            }
        }
    }

    @Test(
        arguments: [
            ("PROXY \r\n", .malformedLine), ("PROXY  TCP4 1.1.1.1 2.2.2.2 1 2\r\n", .malformedLine),
            ("PROXY TCP4\r\n", .malformedLine), ("PROXY TCP4 1.1.1.1 2.2.2.2 1\r\n", .malformedLine),
            ("PROXY TCP4 1.1.1.1 2.2.2.2 1 2 3\r\n", .malformedLine),
            ("PROXY TCP4 1.1.1.1 2.2.2.2 1 2 \r\n", .malformedLine),
            ("PROXY TCP4  1.1.1.1 2.2.2.2 1 2\r\n", .malformedLine),
            ("PROXY TCP4\t1.1.1.1 2.2.2.2 1 2\r\n", .malformedLine),
            ("PROXY tcp4 1.1.1.1 2.2.2.2 1 2\r\n", .unsupportedFamily),
            ("PROXY TCP5 1.1.1.1 2.2.2.2 1 2\r\n", .unsupportedFamily),
            ("PROXY UDP4 1.1.1.1 2.2.2.2 1 2\r\n", .unsupportedFamily), ("PROXY UNKNOWNX\r\n", .malformedLine),
            ("PROXY unknown\r\n", .malformedLine), ("PROXY TCP4 1.1.1.1 2.2.2.2 65536 2\r\n", .invalidPort),
            ("PROXY TCP4 1.1.1.1 2.2.2.2 1 65536\r\n", .invalidPort),
            ("PROXY TCP4 1.1.1.1 2.2.2.2 01 2\r\n", .invalidPort),
            ("PROXY TCP4 1.1.1.1 2.2.2.2 00 2\r\n", .invalidPort),
            ("PROXY TCP4 1.1.1.1 2.2.2.2 -1 2\r\n", .invalidPort),
            ("PROXY TCP4 1.1.1.1 2.2.2.2 +1 2\r\n", .invalidPort), ("PROXY TCP4 1.1.1.1 2.2.2.2 1 x\r\n", .invalidPort),
            ("PROXY TCP4 1.1.1.1 2.2.2.2 1 99999999999999999999\r\n", .invalidPort),
            ("PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n", .invalidAddress),
            ("PROXY TCP6 1.1.1.1 2.2.2.2 1 2\r\n", .invalidAddress),
            ("PROXY TCP6 ::1 2.2.2.2 1 2\r\n", .invalidAddress),
            ("PROXY TCP4 01.1.1.1 2.2.2.2 1 2\r\n", .invalidAddress),
            ("PROXY TCP4 1.1.1.256 2.2.2.2 1 2\r\n", .invalidAddress),
            ("PROXY TCP4 1.1.1 2.2.2.2 1 2\r\n", .invalidAddress),
            ("PROXY TCP6 [::1] ::2 1 2\r\n", .invalidAddress), ("PROXY TCP6 fe80::1%lo ::2 1 2\r\n", .invalidAddress),
            ("PROXY TCP6 1::2::3 ::2 1 2\r\n", .invalidAddress),
            ("PROXY TCP4 localhost 2.2.2.2 1 2\r\n", .invalidAddress),
            ("PROXY TCP4 1.1.1.1 2.2.2.2 1 2\n", .malformedLine), ("PROXY TCP4 1.1.1.1 2.2.2.2 1 2\rX", .malformedLine),
            ("PROXY UNKNOWN\n", .malformedLine), ("PROXY UNKNOWN a\rb\r\n", .malformedLine),
            ("PROXY UNKNOWN a\nb\r\n", .malformedLine), ("PROXY \n", .malformedLine), ("PROXY \r\r\n", .malformedLine),
        ] as [(String, ProxyHeaderError)])
    func `a bad line closes the connection`(line: String, error: ProxyHeaderError) {
        for step in [1, .max] {
            #expect(ProxyHeaderDecoderTests.decode(Array(line.utf8), step: step) == .invalid(error))
        }
    }

    @Test func `a line ends within 107 bytes`() {
        let longest = "PROXY UNKNOWN " + String(repeating: "x", count: 91) + "\r\n"
        #expect(longest.utf8.count == 107)
        #expect(
            ProxyHeaderDecoderTests.decode(Array(longest.utf8))
                == .done(ProxyHeader(version: .one, origin: .peer), consumed: 107))
        let endless = Array(("PROXY UNKNOWN " + String(repeating: "x", count: 93)).utf8)
        #expect(ProxyHeaderDecoderTests.decode(Array(endless[..<106])) == .needMore)
        #expect(ProxyHeaderDecoderTests.decode(endless) == .invalid(.tooLong))
        #expect(ProxyHeaderDecoderTests.decode(endless + [0x0D, 0x0A], step: 1) == .invalid(.tooLong))
    }
}
