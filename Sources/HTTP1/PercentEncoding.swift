/// `%41` for `A`, decoded exactly once.
///
/// RFC 3986 section 2.1.
enum PercentEncoding {
    /// Whether every `%` is followed by two hexadecimal digits that are not `00`.
    static func isWellFormed(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "%") else {
                index += 1
                continue
            }
            guard index + 2 < bytes.count, let high = ByteClass.hexValue(bytes[index + 1]),
                let low = ByteClass.hexValue(bytes[index + 2]), high | low != 0
            else { return false }
            index += 3
        }
        return true
    }

    /// The bytes that well-formed `bytes` stand for; what is not well-formed stays as it is.
    static func decode(_ bytes: UnsafeRawBufferPointer, plusIsSpace: Bool = false) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "%"), index + 2 < bytes.count, let high = ByteClass.hexValue(bytes[index + 1]),
                let low = ByteClass.hexValue(bytes[index + 2])
            {
                result.append(high << 4 | low)
                index += 3
            } else {
                result.append(plusIsSpace && byte == UInt8(ascii: "+") ? 0x20 : byte)
                index += 1
            }
        }
        return result
    }
}
