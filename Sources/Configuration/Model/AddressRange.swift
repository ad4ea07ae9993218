internal import Foundation

/// A network in CIDR notation: `10.0.0.0/8`, `fd00::/8`, or one address.
package struct AddressRange: Hashable, Sendable {
    /// Four bytes (IPv4) or sixteen (IPv6), network order.
    package let base: [UInt8]
    /// Leading bits that count.
    package let prefix: Int

    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let base = Self.address(String(parts[0])) else { return nil }
        var prefix = base.count * 8
        if parts.count == 2 {
            guard (1...3).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let given = Int(parts[1]), given <= prefix
            else { return nil }
            prefix = given
        }
        self.base = base
        self.prefix = prefix
    }

    /// Whether an address, in the same form as ``base``, lies inside.
    ///
    /// IPv4-mapped IPv6 counts as IPv4.
    package func contains(_ address: [UInt8]) -> Bool {
        let address = Self.unmapped(address)
        guard address.count == base.count else { return false }
        let whole = prefix / 8
        guard address.prefix(whole).elementsEqual(base.prefix(whole)) else { return false }
        let rest = prefix % 8
        guard rest > 0 else { return true }
        let mask = UInt8(truncatingIfNeeded: 0xFF00 >> rest)
        return address[whole] & mask == base[whole] & mask
    }

    /// As ``contains(_:)``, for the textual form; false when it is no address.
    package func contains(_ text: String) -> Bool {
        Self.address(text).map { contains($0) } ?? false
    }

    /// The bytes of an IPv4 or IPv6 literal.
    package static func address(_ text: String) -> [UInt8]? {
        ipv4(text) ?? ipv6(text)
    }

    static func ipv4(_ text: String) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            // A leading zero reads as octal elsewhere, so it is no IPv4 address here.
            guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                part.utf8.count == 1 || part.utf8.first != 0x30, let byte = UInt8(part)
            else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    private static func ipv6(_ text: String) -> [UInt8]? {
        guard text.utf8.count <= 45, text.contains(":") else { return nil }
        let halves = text.components(separatedBy: "::")
        guard halves.count <= 2, let head = groups(halves[0]) else { return nil }
        guard halves.count == 2 else { return head.count == 16 ? unmapped(head) : nil }
        guard let tail = groups(halves[1]), head.count + tail.count <= 14 else { return nil }
        return unmapped(head + [UInt8](repeating: 0, count: 16 - head.count - tail.count) + tail)
    }

    private static func groups(_ text: String) -> [UInt8]? {
        guard !text.isEmpty else { return [] }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        var bytes: [UInt8] = []
        for (index, part) in parts.enumerated() {
            if index == parts.count - 1, part.contains(".") {
                guard let last = ipv4(String(part)) else { return nil }
                bytes += last
                continue
            }
            guard (1...4).contains(part.utf8.count), part.first != "+", part.first != "-",
                let group = UInt16(part, radix: 16)
            else { return nil }
            bytes += [UInt8(group >> 8), UInt8(group & 0xFF)]
        }
        return bytes.count <= 16 ? bytes : nil
    }

    private static func unmapped(_ address: [UInt8]) -> [UInt8] {
        guard address.count == 16, address[..<10].allSatisfy({ $0 == 0 }), address[10] == 0xFF, address[11] == 0xFF
        else { return address }
        return [UInt8](address[12...])
    }
}
