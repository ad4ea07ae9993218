/// Version 2 of the PROXY protocol: a binary block.
enum ProxyBlock {
    static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]
    /// Signature, version and command, family, length.
    static let fixedLength = 16

    /// - Parameter block: the whole header, as long as its length field says.
    static func header(_ block: [UInt8]) throws(ProxyHeaderError) -> ProxyHeader {
        guard block[12] >> 4 == 2 else { throw .unsupportedVersion }
        switch block[12] & 0xF {
        // LOCAL: the rest is to be discarded, the family included.
        case 0: return ProxyHeader(version: .two, origin: .peer)
        case 1: break
        default: throw .unsupportedCommand
        }
        let content = block[fixedLength...]
        switch block[13] {
        // Without addresses nothing says where extensions begin.
        case 0x00: return ProxyHeader(version: .two, origin: .peer)
        // A datagram's source is a client like any other: proxies that end HTTP/3 connections name it so.
        case 0x11, 0x12: return try header(block, addresses: content.prefix(12), addressLength: 4)
        case 0x21, 0x22: return try header(block, addresses: content.prefix(36), addressLength: 16)
        case 0x31, 0x32:
            // Unix sockets: two paths of 108 bytes, which are nobody's network address.
            guard content.count >= 216 else { throw .truncatedAddresses }
            return try header(block, origin: .peer, extensions: content.dropFirst(216))
        default: throw .unsupportedFamily
        }
    }

    private static func header(
        _ block: [UInt8], addresses: ArraySlice<UInt8>, addressLength: Int
    ) throws(ProxyHeaderError) -> ProxyHeader {
        let ports = addresses.dropFirst(addressLength * 2)
        guard ports.count == 4, let source = IPAddress(bytes: addresses.prefix(addressLength)),
            let destination = IPAddress(bytes: addresses.dropFirst(addressLength).prefix(addressLength))
        else { throw .truncatedAddresses }
        let origin = ProxyHeader.Origin.forwarded(
            source: TransportAddress(address: source, port: number(ports.prefix(2))),
            destination: TransportAddress(address: destination, port: number(ports.suffix(2))))
        return try header(block, origin: origin, extensions: block[addresses.endIndex...])
    }

    private static func header(
        _ block: [UInt8], origin: ProxyHeader.Origin, extensions: ArraySlice<UInt8>
    ) throws(ProxyHeaderError) -> ProxyHeader {
        var header = ProxyHeader(version: .two, origin: origin)
        var isChecked = false
        for item in try ProxyExtension.all(in: extensions) {
            switch item.type {
            case ProxyExtension.authority: header.authority = try item.text()
            case ProxyExtension.checksum:
                guard !isChecked else { throw .malformedExtension }
                try check(item.value, of: block)
                isChecked = true
            case ProxyExtension.tls: header.tls = try item.tls()
            default: break
            }
        }
        return header
    }

    /// The checksum is that of the whole header with four zeros in its own place.
    private static func check(_ value: ArraySlice<UInt8>, of block: [UInt8]) throws(ProxyHeaderError) {
        guard value.count == 4 else { throw .malformedExtension }
        var zeroed = block
        zeroed.replaceSubrange(value.indices, with: [0, 0, 0, 0])
        guard CRC32C.checksum(of: zeroed) == value.reduce(0, { $0 << 8 | UInt32($1) }) else { throw .wrongChecksum }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt16 {
        bytes.reduce(0) { $0 << 8 | UInt16($1) }
    }
}
