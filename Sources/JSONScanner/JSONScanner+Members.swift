extension JSONScanner {
    /// The whole of `bytes` is one JSON object; hands out the members of its top level in order.
    ///
    /// `key` is what stands between the quotes, with escapes as they were written (`escaped`); `value` is the range of a
    /// whole value. A key may come more than once.
    package static func members(
        of bytes: UnsafeRawBufferPointer, depthLimit: Int = 64,
        _ body: (_ key: Range<Int>, _ escaped: Bool, _ value: Range<Int>) -> Void
    ) throws(JSONError) {
        let cursor = try JSONCursor(bytes)
        let start = cursor.skipWhitespace(0)
        guard try cursor.byte(start) == UInt8(ascii: "{") else { throw .unexpectedByte(at: start) }
        guard depthLimit > 0 else { throw .tooDeep(at: start) }
        var at = cursor.skipWhitespace(start &+ 1)
        if try cursor.byte(at) != UInt8(ascii: "}") {
            while true {
                guard try cursor.byte(at) == UInt8(ascii: "\"") else { throw .unexpectedByte(at: at) }
                let (after, escaped) = try cursor.string(at)
                let colon = cursor.skipWhitespace(after)
                guard try cursor.byte(colon) == UInt8(ascii: ":") else { throw .unexpectedByte(at: colon) }
                let value = cursor.skipWhitespace(colon &+ 1)
                let end = try skip(cursor, value, depthLimit &- 1)
                body((at &+ 1)..<(after &- 1), escaped, value..<end)
                at = cursor.skipWhitespace(end)
                guard try cursor.byte(at) == UInt8(ascii: ",") else { break }
                at = cursor.skipWhitespace(at &+ 1)
            }
        }
        guard try cursor.byte(at) == UInt8(ascii: "}") else { throw .unexpectedByte(at: at) }
        let after = cursor.skipWhitespace(at &+ 1)
        guard after == cursor.end else { throw .trailingBytes(at: after) }
    }
}
