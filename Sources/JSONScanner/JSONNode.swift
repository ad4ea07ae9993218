/// One value of a ``JSONDocument``: a view, cheap to copy.
package struct JSONNode: Sendable {
    package enum Kind: Hashable, Sendable { case object, array, string, number, bool, null }

    /// One member of an object, as written.
    package struct Member: Sendable {
        /// Decoded.
        package var key: String
        /// Of the key's bytes in the document, with its quotes.
        package var keyRange: Range<Int>
        package var value: JSONNode
    }

    let storage: JSONDocument.Storage
    let index: Int

    private var entry: JSONDocument.Entry { storage.entries[index] }

    package var kind: Kind { entry.kind }

    /// Of the value's bytes in the document; a string includes its quotes.
    package var range: Range<Int> { Int(entry.start)..<Int(entry.end) }

    /// Exactly as written.
    package var raw: ArraySlice<UInt8> { storage.bytes[range] }

    package var rawString: String { String(decoding: raw, as: UTF8.self) }
}

extension JSONNode {
    /// The decoded string; nil when this is not a string.
    package var string: String? {
        guard kind == .string else { return nil }
        let inner = raw.dropFirst().dropLast()
        guard entry.isEscaped else { return String(decoding: inner, as: UTF8.self) }
        return inner.withUnsafeBytes { JSONScanner.decodeString($0) }
    }

    package var bool: Bool? {
        kind == .bool ? raw.first == UInt8(ascii: "t") : nil
    }

    /// A whole number that fits, however it is written: `3`, `3.0`, `3e0`.
    package var int: Int? {
        guard kind == .number else { return nil }
        if let exact = Int(rawString) { return exact }
        // Beyond 2^53 a double no longer tells one whole number from the next.
        guard let double, double.magnitude <= 0x1p53 else { return nil }
        let whole = Int(double)
        return Double(whole) == double ? whole : nil
    }

    /// The nearest double; nil when this is not a number, or too large for one.
    package var double: Double? {
        guard kind == .number, let double = Double(rawString), double.isFinite else { return nil }
        return double
    }

    package var isNull: Bool { kind == .null }
}

extension JSONNode {
    /// How many elements or members this has; 0 when it is no container.
    package var count: Int { Int(entry.count) }

    /// The member of that name, the last one when there are several; nil when there is none, or this is no object.
    package subscript(_ key: String) -> JSONNode? {
        guard kind == .object else { return nil }
        var found: JSONNode?
        var next = index + 1
        while next < Int(entry.next) {
            let name = JSONNode(storage: storage, index: next)
            let value = JSONNode(storage: storage, index: next + 1)
            if name.isString(key) { found = value }
            next = Int(value.entry.next)
        }
        return found
    }

    /// The element at that position; nil when there is none, or this is no array.
    package subscript(_ position: Int) -> JSONNode? {
        guard kind == .array, position >= 0, position < count else { return nil }
        var next = index + 1
        for _ in 0..<position { next = Int(storage.entries[next].next) }
        return JSONNode(storage: storage, index: next)
    }

    /// In order; empty when this is no array.
    package var elements: [JSONNode] {
        guard kind == .array else { return [] }
        var nodes: [JSONNode] = []
        nodes.reserveCapacity(count)
        var next = index + 1
        while next < Int(entry.next) {
            nodes.append(JSONNode(storage: storage, index: next))
            next = Int(storage.entries[next].next)
        }
        return nodes
    }

    /// In order, doubled ones kept; empty when this is no object.
    package var members: [Member] {
        guard kind == .object else { return [] }
        var members: [Member] = []
        members.reserveCapacity(count)
        var next = index + 1
        while next < Int(entry.next) {
            let name = JSONNode(storage: storage, index: next)
            let value = JSONNode(storage: storage, index: next + 1)
            members.append(Member(key: name.string ?? "", keyRange: name.range, value: value))
            next = Int(value.entry.next)
        }
        return members
    }

    /// Compares code units: Swift's own comparison would take canonically equivalent names for the same.
    private func isString(_ other: String) -> Bool {
        guard entry.isEscaped else { return raw.dropFirst().dropLast().elementsEqual(other.utf8) }
        return (string ?? "").utf8.elementsEqual(other.utf8)
    }
}
