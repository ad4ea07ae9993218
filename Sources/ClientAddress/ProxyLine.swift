/// Version 1 of the PROXY protocol: one line of text.
enum ProxyLine {
    /// With CR LF: `PROXY UNKNOWN` and two full IPv6 addresses with ports.
    static let lengthLimit = 107
    static let start = Array("PROXY ".utf8)

    /// - Parameter line: begins with ``start`` and ends with LF.
    static func header(_ line: ArraySlice<UInt8>) throws(ProxyHeaderError) -> ProxyHeader {
        let text = line.dropLast(2)
        guard line.count <= lengthLimit else { throw .tooLong }
        guard line.suffix(2).elementsEqual([UInt8(ascii: "\r"), UInt8(ascii: "\n")]),
            !text.contains(where: { $0 == UInt8(ascii: "\r") || $0 == UInt8(ascii: "\n") })
        else { throw .malformedLine }
        let fields = text.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard fields.count >= 2 else { throw .malformedLine }
        if fields[1].elementsEqual("UNKNOWN".utf8) {
            // Whatever follows is to be ignored.
            return ProxyHeader(version: .one, origin: .peer)
        }
        guard fields.count == 6 else { throw .malformedLine }
        let isIPv4 = fields[1].elementsEqual("TCP4".utf8)
        guard isIPv4 || fields[1].elementsEqual("TCP6".utf8) else { throw .unsupportedFamily }
        let source = try address(fields[2], isIPv4: isIPv4)
        let destination = try address(fields[3], isIPv4: isIPv4)
        return ProxyHeader(
            version: .one,
            origin: .forwarded(
                source: TransportAddress(address: source, port: try port(fields[4])),
                destination: TransportAddress(address: destination, port: try port(fields[5]))))
    }

    private static func address(_ text: ArraySlice<UInt8>, isIPv4: Bool) throws(ProxyHeaderError) -> IPAddress {
        guard let address = isIPv4 ? IPAddress.ipv4(text) : IPAddress.ipv6(text) else { throw .invalidAddress }
        return address
    }

    private static func port(_ text: ArraySlice<UInt8>) throws(ProxyHeaderError) -> UInt16 {
        guard let port = IPAddress.decimal(text, limit: 65_535) else { throw .invalidPort }
        return UInt16(truncatingIfNeeded: port)
    }
}
