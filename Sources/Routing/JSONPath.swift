internal import JSONScanner

/// Finds a value inside validated JSON by the keys that lead to it, without building anything.
package enum JSONPath {
    /// The range of the value, nil when there is none.
    ///
    /// A key is a member of an object, the last one when it is doubled, or a number is an element of an array.
    package static func find(_ path: [String], in bytes: UnsafeRawBufferPointer) -> Range<Int>? {
        guard var range = try? value(in: bytes, from: 0) else { return nil }
        for key in path {
            let next: Range<Int>? =
                switch bytes[range.lowerBound] {
                case UInt8(ascii: "{"): member(key, of: range, in: bytes)
                case UInt8(ascii: "["): element(key, of: range, in: bytes)
                default: nil
                }
            guard let next else { return nil }
            range = next
        }
        return range
    }

    /// The bytes of the value, nil when there is none.
    package static func value(_ path: [String], in json: [UInt8]) -> [UInt8]? {
        json.withUnsafeBytes { bytes in
            find(path, in: bytes).map { Array(bytes[$0]) }
        }
    }

    /// The depth was bounded when the text was validated.
    private static func value(in bytes: UnsafeRawBufferPointer, from start: Int) throws(JSONError) -> Range<Int> {
        try JSONScanner.value(in: bytes, from: start, depthLimit: .max)
    }

    /// The index that a key is for an array: digits without a leading zero, at most nine of them.
    static func index(_ key: String) -> Int? {
        guard key.utf8.count <= 9, key.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        guard key == "0" || !key.hasPrefix("0") else { return nil }
        return Int(key)
    }

    private static func element(_ key: String, of range: Range<Int>, in bytes: UnsafeRawBufferPointer) -> Range<Int>? {
        guard let index = index(key) else { return nil }
        let start = skipWhitespace(in: bytes, from: range.lowerBound + 1)
        let end = range.upperBound - 1
        guard start < end else { return nil }
        let inside = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
        guard let found = JSONScanner.element(index, of: inside) else { return nil }
        return found.lowerBound + start..<found.upperBound + start
    }

    private static func member(_ key: String, of range: Range<Int>, in bytes: UnsafeRawBufferPointer) -> Range<Int>? {
        var found: Range<Int>?
        var position = skipWhitespace(in: bytes, from: range.lowerBound + 1)
        while position < range.upperBound, bytes[position] == UInt8(ascii: "\"") {
            guard let name = try? value(in: bytes, from: position) else { return nil }
            position = skipWhitespace(in: bytes, from: name.upperBound)
            guard position < range.upperBound, bytes[position] == UInt8(ascii: ":") else { return nil }
            guard let value = try? value(in: bytes, from: position + 1) else { return nil }
            if matches(key, UnsafeRawBufferPointer(rebasing: bytes[name.lowerBound + 1..<name.upperBound - 1])) {
                found = value
            }
            position = skipWhitespace(in: bytes, from: value.upperBound)
            guard position < range.upperBound, bytes[position] == UInt8(ascii: ",") else { break }
            position = skipWhitespace(in: bytes, from: position + 1)
        }
        return found
    }

    private static func matches(_ key: String, _ written: UnsafeRawBufferPointer) -> Bool {
        guard written.contains(UInt8(ascii: "\\")) else { return key.utf8.elementsEqual(written) }
        return key.utf8.elementsEqual(JSONScanner.decodeString(written).utf8)
    }

    private static func skipWhitespace(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var position = start
        while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
        return position
    }
}
