@testable import ClientAddress

/// Puts blocks of version 2 together, right or wrong.
struct BlockBuilder {
    var versionAndCommand: UInt8 = 0x21
    var family: UInt8 = 0x11
    var content: [UInt8] = []
    /// nil: that of the content.
    var length: Int?

    static let ipv4Addresses: [UInt8] = [192, 0, 2, 1, 198, 51, 100, 2, 0x9C, 0x40, 0x01, 0xBB]
    static let ipv6Addresses: [UInt8] =
        [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [1]
        + [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [2] + [0x9C, 0x40, 0x01, 0xBB]
    static let ipv4 = BlockBuilder(content: ipv4Addresses)
    static let ipv6 = BlockBuilder(family: 0x21, content: ipv6Addresses)
    static let tls = value(
        0x20, [0x07, 0, 0, 0, 0] + value(0x21, Array("TLSv1.3".utf8)) + value(0x22, Array("client".utf8)))
    static let full = BlockBuilder(
        content: ipv4Addresses + value(0x01, Array("h2".utf8)) + value(0x02, Array("example.com".utf8)) + tls
            + value(0x04, [0, 0]) + value(0xEA, [1])
    ).withChecksum()

    static func value(_ type: UInt8, _ value: [UInt8]) -> [UInt8] {
        [type, UInt8(value.count >> 8), UInt8(value.count & 0xFF)] + value
    }

    var bytes: [UInt8] {
        let length = length ?? content.count
        return ProxyBlock.signature + [versionAndCommand, family, UInt8(length >> 8), UInt8(length & 0xFF)] + content
    }

    /// With a checksum behind everything else, the bits of `damage` flipped in it.
    func withChecksum(damage: UInt32 = 0) -> BlockBuilder {
        var copy = self
        copy.content += Self.value(0x03, [0, 0, 0, 0])
        let checksum = CRC32C.checksum(of: copy.bytes) ^ damage
        copy.content.replaceSubrange(
            (copy.content.count - 4)..., with: withUnsafeBytes(of: checksum.bigEndian) { Array($0) })
        return copy
    }
}
