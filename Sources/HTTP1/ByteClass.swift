/// Which bytes may stand where, as a bit per ASCII character.
///
/// RFC 9110 section 5.6.2, RFC 3986 section 3.
enum ByteClass {
    /// `tchar`: letters, digits and ``!#$%&'*+-.^_`|~``.
    static func isToken(_ byte: UInt8) -> Bool {
        contains(byte, low: 0x03FF_6CFA_0000_0000, high: 0x57FF_FFFF_C7FF_FFFE)
    }

    /// What may stand in a request target: printable ASCII without `#`, `"`, `<` and `>`.
    ///
    /// Wider than RFC 3986 by what browsers leave as it is in a query: ``[ ] { } | \ ^ ` ``.
    static func isTarget(_ byte: UInt8) -> Bool {
        contains(byte, low: 0xAFFF_FFF2_0000_0000, high: 0x7FFF_FFFF_FFFF_FFFF)
    }

    /// What may stand in a host name: unreserved, percent and sub-delimiters, but no comma, which is what a proxy
    /// joins two fields with.
    static func isHostName(_ byte: UInt8) -> Bool {
        contains(byte, low: 0x2BFF_6FF2_0000_0000, high: 0x47FF_FFFE_87FF_FFFE)
    }

    static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    /// The value of a hexadecimal digit.
    static func hexValue(_ byte: UInt8) -> UInt8? {
        if byte &- 0x30 < 10 { return byte &- 0x30 }
        let letter = (byte | 0x20) &- 0x61
        return letter < 6 ? letter &+ 10 : nil
    }

    static func lowercased(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

    private static func contains(_ byte: UInt8, low: UInt64, high: UInt64) -> Bool {
        byte < 128 && ((byte < 64 ? low : high) >> UInt64(byte & 63)) & 1 == 1
    }
}

extension UnsafeRawBufferPointer {
    /// Whether this is `lowercased`, letters of any case.
    ///
    /// The argument has to be lowercase ASCII.
    func equalsIgnoringCase(_ lowercased: StaticString) -> Bool {
        guard count == lowercased.utf8CodeUnitCount else { return false }
        let other = UnsafeBufferPointer(start: lowercased.utf8Start, count: count)
        for index in 0..<count where ByteClass.lowercased(self[index]) != other[index] { return false }
        return true
    }

    /// Where a byte stands first; nil when it does not.
    func position(of byte: UInt8, in range: Range<Int>) -> Int? {
        var index = range.lowerBound
        while index < range.upperBound {
            if self[index] == byte { return index }
            index += 1
        }
        return nil
    }

    /// Where a byte stands last; nil when it does not.
    func lastPosition(of byte: UInt8, in range: Range<Int>) -> Int? {
        var index = range.upperBound
        while index > range.lowerBound {
            index -= 1
            if self[index] == byte { return index }
        }
        return nil
    }

    /// Whether all bytes of a range are of a class.
    func all(in range: Range<Int>, are isMember: (UInt8) -> Bool) -> Bool {
        var index = range.lowerBound
        while index < range.upperBound {
            guard isMember(self[index]) else { return false }
            index += 1
        }
        return true
    }

    /// Whether these are the bytes of `text`.
    func equals(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount else { return false }
        for index in 0..<count where self[index] != text.utf8Start[index] { return false }
        return true
    }

    /// This without blanks at both ends.
    var trimmed: UnsafeRawBufferPointer {
        var start = 0
        var end = count
        while start < end, ByteClass.isBlank(self[start]) { start += 1 }
        while start < end, ByteClass.isBlank(self[end - 1]) { end -= 1 }
        return UnsafeRawBufferPointer(rebasing: self[start..<end])
    }

    /// Calls `body` with each trimmed, non-empty element of a comma separated list.
    func forEachListElement(_ body: (UnsafeRawBufferPointer) -> Void) {
        var start = 0
        while start <= count {
            let end = self[start...].firstIndex(of: UInt8(ascii: ",")) ?? count
            let element = UnsafeRawBufferPointer(rebasing: self[start..<end]).trimmed
            if !element.isEmpty { body(element) }
            start = end + 1
        }
    }
}
