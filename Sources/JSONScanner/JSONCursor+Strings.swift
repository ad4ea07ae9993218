extension JSONCursor {
    /// A whole string; `start` is its opening quote.
    ///
    /// Returns the offset after the closing quote.
    ///
    /// Eight bytes at a time while they are plain ASCII, since nearly all bytes of a message are.
    @inline(__always)
    func string(_ start: Int) throws(JSONError) -> (after: Int, escaped: Bool) {
        var at = start &+ 1
        var escaped = false
        while true {
            while at &+ 8 <= end {
                let special = Self.specialBytes(
                    UInt64(littleEndian: UnsafeRawPointer(base).loadUnaligned(fromByteOffset: at, as: UInt64.self)))
                guard special == 0 else {
                    at &+= special.trailingZeroBitCount &>> 3
                    break
                }
                at &+= 8
            }
            // Either on a special byte, or among the last seven.
            guard at < end else { throw .unexpectedEnd(at: end) }
            switch base[at] {
            case UInt8(ascii: "\""):
                return (at &+ 1, escaped)
            case UInt8(ascii: "\\"):
                escaped = true
                at = try escape(at)
            case 0..<0x20:
                throw .invalidString(at: at)
            case 0x80...:
                at = try multibyteRun(at)
            default:
                at &+= 1
            }
        }
    }

    /// The high bit of each byte that is a quote, a backslash, a control character or not ASCII.
    ///
    /// Exact up to and including the lowest such byte, which is all that is asked: a borrow only travels upwards
    /// from a byte that is marked itself.
    @inline(__always)
    private static func specialBytes(_ word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let control = word &- ones &* 0x20
        let quote = (word ^ (ones &* 0x22)) &- ones
        let backslash = (word ^ (ones &* 0x5C)) &- ones
        return (control | quote | backslash | word) & (ones &* 0x80)
    }

    /// One escape sequence; `start` is the backslash.
    @inline(never)
    private func escape(_ start: Int) throws(JSONError) -> Int {
        switch try byte(start &+ 1) {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return start &+ 2
        case UInt8(ascii: "u"):
            for index in 2..<6 {
                guard Self.hexValue(try byte(start &+ index)) != nil else { throw .invalidString(at: start) }
            }
            return start &+ 6
        default:
            throw .invalidString(at: start)
        }
    }

    @inline(__always)
    static func hexValue(_ byte: UInt8) -> UInt16? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt16(byte &- UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt16(byte &- UInt8(ascii: "a") &+ 10)
        case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt16(byte &- UInt8(ascii: "A") &+ 10)
        default: nil
        }
    }

    /// Characters of two to four bytes for as long as they follow each other.
    @inline(never)
    private func multibyteRun(_ start: Int) throws(JSONError) -> Int {
        var at = start
        while at < end, base[at] >= 0x80 { at = try multibyte(at) }
        return at
    }

    /// One character by Table 3-7 of the Unicode Standard: no overlong form, no surrogate, nothing past U+10FFFF.
    @inline(__always)
    private func multibyte(_ at: Int) throws(JSONError) -> Int {
        let length: Int
        let second: ClosedRange<UInt8>
        switch base[at] {
        case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: throw .invalidUTF8(at: at)
        }
        guard length <= end &- at, second.contains(base[at &+ 1]) else { throw .invalidUTF8(at: at) }
        if length > 2 {
            guard base[at &+ 2] & 0xC0 == 0x80 else { throw .invalidUTF8(at: at) }
        }
        if length > 3 {
            guard base[at &+ 3] & 0xC0 == 0x80 else { throw .invalidUTF8(at: at) }
        }
        return at &+ length
    }
}
