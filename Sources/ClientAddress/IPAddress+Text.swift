extension IPAddress {
    /// The longest form that is accepted: eight groups, the last two as IPv4.
    private static let textLimit = 45

    /// An IPv4 or IPv6 literal, without brackets, zone or port.
    package init?(_ text: some StringProtocol) {
        self.init(ascii: text.utf8)
    }

    /// The same for bytes of text.
    package init?(ascii text: some Collection<UInt8>) {
        guard let address = Self.ipv4(text) ?? Self.ipv6(text) else { return nil }
        self = address
    }

    /// Four decimal numbers; a leading zero would read as octal elsewhere, so it makes the text no address.
    static func ipv4(_ text: some Collection<UInt8>) -> IPAddress? {
        guard (7...15).contains(text.count) else { return nil }
        var value: UInt32 = 0
        var parts = 0
        for part in text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) {
            guard let number = decimal(part, limit: 255) else { return nil }
            parts += 1
            value = value << 8 | UInt32(number)
        }
        return parts == 4 ? IPAddress(ipv4: value) : nil
    }

    /// RFC 4291 section 2.2, all three forms.
    static func ipv6(_ text: some Collection<UInt8>) -> IPAddress? {
        guard (2...textLimit).contains(text.count) else { return nil }
        var groups: [UInt16] = []
        var gap: Int?
        var rest = ArraySlice(text)
        if rest.starts(with: [colon, colon]) {
            gap = 0
            rest = rest.dropFirst(2)
        }
        while !rest.isEmpty {
            let end = rest.firstIndex(of: colon) ?? rest.endIndex
            let part = rest[..<end]
            guard end < rest.endIndex else {
                guard take(last: part, into: &groups) else { return nil }
                break
            }
            guard let group = group(part) else { return nil }
            groups.append(group)
            rest = rest[(end + 1)...]
            if rest.first == colon {
                guard gap == nil else { return nil }
                gap = groups.count
                rest = rest.dropFirst()
            } else if rest.isEmpty {
                return nil
            }
        }
        // `::` stands for at least one group.
        guard groups.count <= (gap == nil ? 8 : 7), gap != nil || groups.count == 8 else { return nil }
        groups.insert(contentsOf: [UInt16](repeating: 0, count: 8 - groups.count), at: gap ?? 0)
        return IPAddress(
            high: groups[..<4].reduce(0) { $0 << 16 | UInt64($1) },
            low: groups[4...].reduce(0) { $0 << 16 | UInt64($1) })
    }

    /// A whole number without sign or leading zeros.
    static func decimal(_ text: some Collection<UInt8>, limit: Int) -> Int? {
        guard (1...6).contains(text.count), text.count == 1 || text.first != UInt8(ascii: "0") else { return nil }
        var value = 0
        for byte in text {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
        }
        return value <= limit ? value : nil
    }

    private static var colon: UInt8 { UInt8(ascii: ":") }

    /// The last group, or the last two as IPv4.
    private static func take(last part: ArraySlice<UInt8>, into groups: inout [UInt16]) -> Bool {
        if let group = group(part) {
            groups.append(group)
            return true
        }
        guard let ipv4 = ipv4(part)?.ipv4 else { return false }
        groups += [UInt16(truncatingIfNeeded: ipv4 >> 16), UInt16(truncatingIfNeeded: ipv4)]
        return true
    }

    private static func group(_ text: ArraySlice<UInt8>) -> UInt16? {
        guard (1...4).contains(text.count) else { return nil }
        var value: UInt16 = 0
        for byte in text {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt16(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt16(byte - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 | UInt16(byte - UInt8(ascii: "A") + 10)
            default: return nil
            }
        }
        return value
    }
}
