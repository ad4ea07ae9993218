/// An IPv4 or IPv6 address.
///
/// IPv4 is kept as IPv4-mapped IPv6 (RFC 4291 section 2.5.5.2), so both ways to write it are equal.
package struct IPAddress: Hashable, Sendable {
    /// The first eight bytes, network order.
    package let high: UInt64
    /// The last eight bytes, network order.
    package let low: UInt64

    private static let mappedPrefix: UInt64 = 0xFFFF

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    package init(ipv4: UInt32) {
        self.init(high: 0, low: Self.mappedPrefix << 32 | UInt64(ipv4))
    }

    /// - Parameter bytes: four (IPv4) or sixteen (IPv6), network order; anything else is no address.
    package init?(bytes: some Collection<UInt8>) {
        switch bytes.count {
        case 4: self.init(ipv4: bytes.reduce(0) { $0 << 8 | UInt32($1) })
        case 16:
            self.init(
                high: bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) },
                low: bytes.dropFirst(8).reduce(0) { $0 << 8 | UInt64($1) })
        default: return nil
        }
    }

    /// The IPv4 address, also of an IPv4-mapped one; nil for other IPv6.
    package var ipv4: UInt32? {
        guard high == 0, low >> 32 == Self.mappedPrefix else { return nil }
        return UInt32(truncatingIfNeeded: low)
    }

    /// Four bytes (IPv4) or sixteen (IPv6), network order.
    package var bytes: [UInt8] {
        if let ipv4 { return Self.bytes(of: ipv4) }
        return Self.bytes(of: high) + Self.bytes(of: low)
    }

    private static func bytes(of number: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: number.bigEndian) { Array($0) }
    }
}

extension IPAddress: CustomStringConvertible {
    /// The form of RFC 5952: lower case, the longest run of zero groups (the first of equal ones) as `::`.
    package var description: String {
        if let ipv4 { return Self.bytes(of: ipv4).map { String($0) }.joined(separator: ".") }
        let groups = [high, low].flatMap { half in
            [48, 32, 16, 0].map { UInt16(truncatingIfNeeded: half >> UInt64($0)) }
        }
        let zeros = Self.longestZeroRun(in: groups)
        let text = { (part: ArraySlice<UInt16>) in part.map { String($0, radix: 16) }.joined(separator: ":") }
        guard zeros.count > 1 else { return text(groups[...]) }
        return text(groups[..<zeros.lowerBound]) + "::" + text(groups[zeros.upperBound...])
    }

    private static func longestZeroRun(in groups: [UInt16]) -> Range<Int> {
        var longest = 0..<0
        var start = 0
        for (index, group) in groups.enumerated() {
            guard group == 0 else {
                start = index + 1
                continue
            }
            if index + 1 - start > longest.count { longest = start..<index + 1 }
        }
        return longest
    }
}
