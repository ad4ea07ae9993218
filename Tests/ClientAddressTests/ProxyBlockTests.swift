import Testing

@testable import ClientAddress

@Suite struct ProxyBlockTests {
    private typealias Builder = BlockBuilder

    private static let four = BlockBuilder.ipv4Addresses
    private static let six = BlockBuilder.ipv6Addresses
    private static let unix = [UInt8](repeating: 0x61, count: 216)

    private static func value(_ type: UInt8, _ value: [UInt8]) -> [UInt8] {
        BlockBuilder.value(type, value)
    }

    @Test(
        arguments: [
            (.ipv4, "192.0.2.1:40000"), (.ipv6, "[2001:db8::1]:40000"), (.full, "192.0.2.1:40000"),
            (BlockBuilder(family: 0x12, content: four), "192.0.2.1:40000"),
            (BlockBuilder(family: 0x22, content: six), "[2001:db8::1]:40000"),
            (BlockBuilder(family: 0x21, content: six + value(0x30, Array("ns".utf8))), "[2001:db8::1]:40000"),
            (
                BlockBuilder(
                    family: 0x21,
                    content: [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF, 192, 0, 2, 1]
                        + [UInt8](repeating: 0, count: 18) + [0, 2]), "192.0.2.1:0"
            ),
            (BlockBuilder(content: four + value(0x04, [])), "192.0.2.1:40000"),
            (BlockBuilder(content: four + value(0xE0, [UInt8](repeating: 1, count: 4081))), "192.0.2.1:40000"),
            (BlockBuilder.ipv6.withChecksum(), "[2001:db8::1]:40000"),
            (BlockBuilder(versionAndCommand: 0x20, family: 0), nil),
            (BlockBuilder(versionAndCommand: 0x20, content: four), nil),
            (BlockBuilder(versionAndCommand: 0x20, family: 0xFF, content: [1, 2, 3]), nil),
            (BlockBuilder(versionAndCommand: 0x20, family: 0x11, content: four + [0x03, 0xFF]), nil),
            (BlockBuilder(family: 0x00), nil), (BlockBuilder(family: 0x00, content: [9, 9, 9]), nil),
            (BlockBuilder(family: 0x31, content: unix), nil), (BlockBuilder(family: 0x32, content: unix), nil),
            (BlockBuilder(family: 0x31, content: unix + value(0x02, Array("a".utf8))), nil),
        ] as [(BlockBuilder, String?)])
    func `a good block says who the client is, or that the peer counts`(block: BlockBuilder, source: String?) {
        let bytes = block.bytes
        for step in [1, .max] {
            guard case .done(let header, bytes.count) = ProxyHeaderDecoderTests.decode(bytes, step: step) else {
                Issue.record("\(block) is refused")
                return
            }
            #expect(header.version == .two)
            switch header.origin {
            case .peer: #expect(source == nil)
            case .forwarded(let address, _): #expect(address.description == source)
            }
        }
    }

    @Test(
        arguments: [
            (BlockBuilder(versionAndCommand: 0x11, content: four), .unsupportedVersion),
            (BlockBuilder(versionAndCommand: 0x01, content: four), .unsupportedVersion),
            (BlockBuilder(versionAndCommand: 0x31, content: four), .unsupportedVersion),
            (BlockBuilder(versionAndCommand: 0xF0, content: four), .unsupportedVersion),
            (BlockBuilder(versionAndCommand: 0x22, content: four), .unsupportedCommand),
            (BlockBuilder(versionAndCommand: 0x2F, content: four), .unsupportedCommand),
            (BlockBuilder(family: 0x01, content: four), .unsupportedFamily),
            (BlockBuilder(family: 0x10, content: four), .unsupportedFamily),
            (BlockBuilder(family: 0x13, content: four), .unsupportedFamily),
            (BlockBuilder(family: 0x20, content: six), .unsupportedFamily),
            (BlockBuilder(family: 0x41, content: six), .unsupportedFamily),
            (BlockBuilder(family: 0xFF, content: six), .unsupportedFamily),
            (BlockBuilder(content: []), .truncatedAddresses),
            (BlockBuilder(content: Array(four[..<11])), .truncatedAddresses),
            (BlockBuilder(family: 0x21, content: four), .truncatedAddresses),
            (BlockBuilder(family: 0x21, content: Array(six[..<35])), .truncatedAddresses),
            (BlockBuilder(family: 0x31, content: Array(unix[..<215])), .truncatedAddresses),
            (BlockBuilder(content: four, length: 65_535), .tooLong),
            (BlockBuilder(content: four, length: 4097), .tooLong),
            (BlockBuilder(versionAndCommand: 0x20, length: 65_535), .tooLong),
            (BlockBuilder(content: four + [0x04]), .malformedExtension),
            (BlockBuilder(content: four + [0x04, 0]), .malformedExtension),
            (BlockBuilder(content: four + [0x04, 0, 1]), .malformedExtension),
            (BlockBuilder(content: four + [0x04, 0xFF, 0xFF, 1]), .malformedExtension),
            (BlockBuilder(content: four + value(0x04, [1]) + [9]), .malformedExtension),
            (BlockBuilder(content: four + value(0x03, [1, 2, 3])), .malformedExtension),
            (BlockBuilder(content: four + value(0x03, [1, 2, 3, 4, 5])), .malformedExtension),
            (BlockBuilder(content: four + value(0x03, [])), .malformedExtension),
            (BlockBuilder(content: four + value(0x03, [1, 2, 3, 4])), .wrongChecksum),
            (BlockBuilder.full.withChecksum(), .wrongChecksum),
            (BlockBuilder.ipv4.withChecksum(damage: 1), .wrongChecksum),
            (BlockBuilder.ipv6.withChecksum(damage: 0x8000_0000), .wrongChecksum),
            (BlockBuilder(content: four + value(0x02, [0xFF])), .malformedExtension),
            (BlockBuilder(content: four + value(0x02, Array("a\r\nb".utf8))), .malformedExtension),
            (BlockBuilder(content: four + value(0x20, [])), .malformedExtension),
            (BlockBuilder(content: four + value(0x20, [1, 0, 0, 0])), .malformedExtension),
            (BlockBuilder(content: four + value(0x20, [1, 0, 0, 0, 0, 0x21])), .malformedExtension),
            (BlockBuilder(content: four + value(0x20, [1, 0, 0, 0, 0, 0x22, 0, 9, 65])), .malformedExtension),
            (BlockBuilder(content: four + value(0x20, [1, 0, 0, 0, 0] + value(0x22, [0xC0]))), .malformedExtension),
        ] as [(BlockBuilder, ProxyHeaderError)])
    func `a bad block closes the connection`(block: BlockBuilder, error: ProxyHeaderError) {
        for step in [1, .max] {
            #expect(ProxyHeaderDecoderTests.decode(block.bytes, step: step) == .invalid(error))
        }
    }

    @Test func `the host that the client asked for and its TLS are told`() {
        guard case .done(let header, _) = ProxyHeaderDecoderTests.decode(BlockBuilder.full.bytes) else {
            Issue.record("refused")
            return
        }
        #expect(header.authority == "example.com")
        #expect(header.tls == .init(version: "TLSv1.3", isClientVerified: true, commonName: "client"))
    }

    @Test(
        arguments: [
            ([0x01, 0, 0, 0, 0], .init(version: nil, isClientVerified: false, commonName: nil)),
            ([0x03, 0, 0, 0, 0], .init(version: nil, isClientVerified: true, commonName: nil)),
            ([0x05, 0, 0, 0, 0], .init(version: nil, isClientVerified: true, commonName: nil)),
            ([0x03, 0, 0, 0, 1], .init(version: nil, isClientVerified: false, commonName: nil)),
            ([0x03, 1, 0, 0, 0], .init(version: nil, isClientVerified: false, commonName: nil)),
            ([0x00, 0, 0, 0, 0], nil), ([0x06, 0, 0, 0, 0], nil),
        ] as [([UInt8], ProxyHeader.TLS?)])
    func `a client certificate counts only when it was shown and found valid`(value: [UInt8], tls: ProxyHeader.TLS?) {
        let block = BlockBuilder(content: Self.four + Self.value(0x20, value))
        guard case .done(let header, _) = ProxyHeaderDecoderTests.decode(block.bytes) else {
            Issue.record("refused")
            return
        }
        #expect(header.tls == tls)
    }

    @Test func `the largest block is taken, one byte more is not`() {
        let padding = { Self.value(0xE0, [UInt8](repeating: 0, count: 4096 - 12 - 3 + $0)) }
        guard case .done = ProxyHeaderDecoderTests.decode(BlockBuilder(content: Self.four + padding(0)).bytes) else {
            Issue.record("refused")
            return
        }
        let larger = BlockBuilder(content: Self.four + padding(1)).bytes
        #expect(ProxyHeaderDecoderTests.decode(larger) == .invalid(.tooLong))
    }
}
