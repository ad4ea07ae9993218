/// Finds what belongs to a server name: exact names first, then wildcards of one label (`*.example.com`).
struct ServerNameTable<Value> {
    private var exact: [String: Value] = [:]
    private var wildcards: [String: Value] = [:]

    var isEmpty: Bool { self.exact.isEmpty && self.wildcards.isEmpty }

    /// The first entry for a name stays.
    ///
    /// Returns false when `pattern` is no host name and no `*.` before one.
    @discardableResult
    mutating func add(_ pattern: String, _ value: Value) -> Bool {
        let pattern = Self.normalized(pattern)
        let isWildcard = pattern.hasPrefix("*.")
        let name = isWildcard ? String(pattern.dropFirst(2)) : pattern
        guard !name.isEmpty, name.utf8.allSatisfy(Self.isNameByte) else { return false }
        if isWildcard {
            if self.wildcards[name] == nil { self.wildcards[name] = value }
        } else if self.exact[name] == nil {
            self.exact[name] = value
        }
        return true
    }

    /// The entry for the name that a client asks for, letters of any case.
    func find(_ name: String) -> Value? {
        let name = Self.normalized(name)
        if let value = self.exact[name] { return value }
        // `*.example.com` covers exactly one label: RFC 6125 section 6.4.3.
        guard !self.wildcards.isEmpty, let dot = name.firstIndex(of: "."), dot > name.startIndex else { return nil }
        return self.wildcards[String(name[name.index(after: dot)...])]
    }

    private static func normalized(_ name: String) -> String {
        let lower = name.lowercased()
        return lower.hasSuffix(".") ? String(lower.dropLast()) : lower
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"): true
        default: false
        }
    }
}
extension ServerNameTable: Sendable where Value: Sendable {}
