/// The name of a family of namespaces, such as `/tenant-{id}`: what the braces stand for is `{param.id}` in templates.
///
/// A part in braces stands for one or more characters that are not `/`, as few as possible.
package struct NamespacePattern: Hashable, Sendable {
    package let text: String
    /// The literal before each name, and the name.
    private let captures: [(before: [UInt8], name: String)]
    /// What follows the last name.
    private let tail: [UInt8]

    /// Nil when the text does not begin with `/`, when braces do not match, a name is empty, doubled or not made of
    /// letters, digits and `_`, or when nothing stands between two names.
    package init?(_ text: String) {
        guard text.hasPrefix("/") else { return nil }
        var captures: [(before: [UInt8], name: String)] = []
        var rest = text[...]
        while let open = rest.firstIndex(of: "{") {
            guard let close = rest[open...].firstIndex(of: "}") else { return nil }
            let before = rest[..<open]
            let name = String(rest[rest.index(after: open)..<close])
            guard !before.isEmpty, !before.contains("}"), !name.isEmpty,
                name.utf8.allSatisfy(Self.isNameByte), !captures.contains(where: { $0.name == name })
            else { return nil }
            captures.append((Array(before.utf8), name))
            rest = rest[rest.index(after: close)...]
        }
        guard !rest.contains("}") else { return nil }
        self.text = text
        self.captures = captures
        tail = Array(rest.utf8)
    }

    /// The names in braces, in order.
    package var names: [String] { captures.map(\.name) }

    /// What the names stand for; nil when the namespace is not of this family.
    package func match(_ name: String) -> [String: String]? {
        let bytes = Array(name.utf8)
        var position = 0
        var values: [String: String] = [:]
        for (index, capture) in captures.enumerated() {
            // Its literal has been found as the end of the part before; only the first is still to be compared.
            if index == 0 {
                guard bytes.starts(with: capture.before) else { return nil }
                position = capture.before.count
            }
            let next = index + 1 < captures.count ? captures[index + 1].before : nil
            guard let end = next.map({ Self.firstIndex(of: $0, in: bytes, from: position + 1) }) ?? tailStart(bytes),
                end > position, !bytes[position..<end].contains(UInt8(ascii: "/"))
            else { return nil }
            values[capture.name] = String(decoding: bytes[position..<end], as: UTF8.self)
            position = end + (next?.count ?? 0)
        }
        guard captures.isEmpty else { return values }
        return bytes == tail ? [:] : nil
    }

    private func tailStart(_ bytes: [UInt8]) -> Int? {
        let start = bytes.count - tail.count
        guard start >= 0, bytes[start...].elementsEqual(tail) else { return nil }
        return start
    }

    private static func firstIndex(of piece: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
        guard start <= bytes.count else { return nil }
        var index = start
        while index + piece.count <= bytes.count {
            if bytes[index..<index + piece.count].elementsEqual(piece) { return index }
            index += 1
        }
        return nil
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

extension NamespacePattern {
    package static func == (left: NamespacePattern, right: NamespacePattern) -> Bool {
        left.text == right.text
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(text)
    }
}
