/// Validates and slices JSON without rebuilding it: iterative, depth-bounded, no allocation on the way.
///
/// The grammar is that of RFC 8259 and the bytes have to be valid UTF-8. Depth counts open arrays and objects.
/// Nothing is normalised: doubled keys, `1e400`, `\u0000` and lone surrogate escapes are legal and pass as they are.
package enum JSONScanner {
    /// The whole of `bytes` is one JSON text, with or without white space around it.
    package static func validate(_ bytes: UnsafeRawBufferPointer, depthLimit: Int = 64) throws(JSONError) {
        let cursor = try JSONCursor(bytes)
        let after = cursor.skipWhitespace(try skip(cursor, 0, depthLimit))
        guard after == cursor.end else { throw .trailingBytes(at: after) }
    }

    /// The range of the one value that starts at `start`, or after white space there.
    ///
    /// Whatever follows it is not looked at.
    package static func value(
        in bytes: UnsafeRawBufferPointer, from start: Int, depthLimit: Int = 64
    ) throws(JSONError) -> Range<Int> {
        let cursor = try JSONCursor(bytes)
        guard start >= 0, start < cursor.end else { throw .unexpectedEnd(at: cursor.end) }
        let first = cursor.skipWhitespace(start)
        return first..<(try skip(cursor, first, depthLimit))
    }

    /// The whole of `bytes` is one JSON array; says where its first element and the others are.
    package static func event(
        _ bytes: UnsafeRawBufferPointer, depthLimit: Int = 64
    ) throws(JSONError) -> EventArray {
        let cursor = try JSONCursor(bytes)
        let start = cursor.skipWhitespace(0)
        guard try cursor.byte(start) == UInt8(ascii: "[") else { throw .unexpectedByte(at: start) }
        guard depthLimit > 0 else { throw .tooDeep(at: start) }
        let inner = depthLimit &- 1

        var at = cursor.skipWhitespace(start &+ 1)
        let name: EventArray.Name
        switch try cursor.byte(at) {
        case UInt8(ascii: "]"):
            try finish(cursor, at)
            return EventArray(name: .missing, arguments: at..<at, argumentCount: 0)
        case UInt8(ascii: "\""):
            let (after, escaped) = try cursor.string(at)
            name = .string((at &+ 1)..<(after &- 1), escaped: escaped)
            at = after
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
            let after = try cursor.number(at)
            name = .number(at..<after)
            at = after
        default:
            name = .other
            at = try skip(cursor, at, inner)
        }

        at = cursor.skipWhitespace(at)
        var first = at
        var count = 0
        if try cursor.byte(at) == UInt8(ascii: ",") {
            first = at &+ 1
            repeat {
                at = cursor.skipWhitespace(try skip(cursor, at &+ 1, inner))
                count &+= 1
            } while try cursor.byte(at) == UInt8(ascii: ",")
        }
        guard try cursor.byte(at) == UInt8(ascii: "]") else { throw .unexpectedByte(at: at) }
        try finish(cursor, at)
        return EventArray(name: name, arguments: first..<at, argumentCount: count)
    }

    /// The range of the n-th value of a validated sequence of comma-separated values; nil past the end.
    package static func element(_ n: Int, of bytes: UnsafeRawBufferPointer) -> Range<Int>? {
        var remaining = n
        var found: Range<Int>?
        forEachElement(of: bytes) { range in
            defer { remaining -= 1 }
            guard remaining == 0 else { return true }
            found = range
            return false
        }
        return found
    }

    /// The ranges of all values of a validated sequence of comma-separated values.
    package static func elements(of bytes: UnsafeRawBufferPointer) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        forEachElement(of: bytes) { range in
            ranges.append(range)
            return true
        }
        return ranges
    }

    /// Stops at the end, at the first thing that is no value, or when `body` returns false.
    private static func forEachElement(of bytes: UnsafeRawBufferPointer, _ body: (Range<Int>) -> Bool) {
        guard let cursor = try? JSONCursor(bytes) else { return }
        var at = cursor.skipWhitespace(0)
        while at < cursor.end {
            // No depth limit: that was asked when the bytes came in, and depth costs no stack here.
            guard let after = try? skip(cursor, at, .max), body(at..<after) else { return }
            let comma = cursor.skipWhitespace(after)
            guard comma < cursor.end, cursor.base[comma] == UInt8(ascii: ",") else { return }
            at = cursor.skipWhitespace(comma &+ 1)
        }
    }

    /// `bracket` closes the array; only white space may follow.
    @inline(__always)
    private static func finish(_ cursor: JSONCursor, _ bracket: Int) throws(JSONError) {
        let after = cursor.skipWhitespace(bracket &+ 1)
        guard after == cursor.end else { throw .trailingBytes(at: after) }
    }

    /// One value, looked at by nobody.
    ///
    /// The one place where the plain grammar is specialised.
    @inline(never)
    static func skip(_ cursor: JSONCursor, _ start: Int, _ depthLimit: Int) throws(JSONError) -> Int {
        var visitor = IgnoringVisitor()
        return try cursor.value(start, depthLimit: depthLimit, visitor: &visitor)
    }
}
