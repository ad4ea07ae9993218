/// One element of a `Forwarded` header: `name=value` pairs with semicolons between them.
///
/// RFC 7239 section 4. Two liberties, because neither can be misread: blanks around `;`, and unquoted values with the
/// brackets and colons of an address.
enum ForwardedElement {
    /// The value of `for`; nil when it is missing or doubled, or anything in the element is malformed.
    static func node(in element: ArraySlice<UInt8>) -> [UInt8]? {
        var node: [UInt8]?
        var rest = element.trimmingBlanks
        while !rest.isEmpty {
            // The grammar allows empty pairs.
            if rest.first != UInt8(ascii: ";") {
                guard let (name, value, remainder) = pair(rest) else { return nil }
                if isFor(name) {
                    guard node == nil else { return nil }
                    node = value
                }
                rest = remainder.trimmingBlanks
                guard rest.isEmpty || rest.first == UInt8(ascii: ";") else { return nil }
            }
            rest = rest.dropFirst().trimmingBlanks
        }
        return node
    }

    private typealias Pair = (name: ArraySlice<UInt8>, value: [UInt8], rest: ArraySlice<UInt8>)

    private static func pair(_ bytes: ArraySlice<UInt8>) -> Pair? {
        let name = bytes.prefix(while: isTokenByte)
        let afterName = bytes[name.endIndex...]
        guard !name.isEmpty, afterName.first == UInt8(ascii: "=") else { return nil }
        let start = afterName.dropFirst()
        if start.first == UInt8(ascii: "\"") {
            guard let (value, rest) = quoted(start.dropFirst()) else { return nil }
            return (name, value, rest)
        }
        let value = start.prefix { isTokenByte($0) || ":[]".utf8.contains($0) }
        guard !value.isEmpty else { return nil }
        return (name, Array(value), start[value.endIndex...])
    }

    /// - Parameter bytes: what follows the opening quote.
    private static func quoted(_ bytes: ArraySlice<UInt8>) -> (value: [UInt8], rest: ArraySlice<UInt8>)? {
        var value: [UInt8] = []
        var index = bytes.startIndex
        while index < bytes.endIndex {
            switch bytes[index] {
            case UInt8(ascii: "\""): return (value, bytes[(index + 1)...])
            case UInt8(ascii: "\\"):
                index += 1
                guard index < bytes.endIndex else { return nil }
                value.append(bytes[index])
            default: value.append(bytes[index])
            }
            index += 1
        }
        return nil
    }

    private static func isFor(_ name: ArraySlice<UInt8>) -> Bool {
        name.count == 3 && zip(name, "for".utf8).allSatisfy { $0 | 0x20 == $1 }
    }

    /// RFC 9110 section 5.6.2.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
