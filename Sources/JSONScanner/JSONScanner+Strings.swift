extension JSONScanner {
    /// Decodes what stands between the quotes of a JSON string.
    ///
    /// Lone surrogates become U+FFFD.
    ///
    /// The bytes have been validated; an escape that is cut short is nevertheless only dropped.
    package static func decodeString(_ bytes: UnsafeRawBufferPointer) -> String {
        guard bytes.contains(UInt8(ascii: "\\")) else { return String(decoding: bytes, as: UTF8.self) }
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var at = 0
        while at < bytes.count {
            guard bytes[at] == UInt8(ascii: "\\") else {
                decoded.append(bytes[at])
                at += 1
                continue
            }
            guard at + 1 < bytes.count else { break }
            let escape = bytes[at + 1]
            at += 2
            switch escape {
            case UInt8(ascii: "b"): decoded.append(0x08)
            case UInt8(ascii: "f"): decoded.append(0x0C)
            case UInt8(ascii: "n"): decoded.append(0x0A)
            case UInt8(ascii: "r"): decoded.append(0x0D)
            case UInt8(ascii: "t"): decoded.append(0x09)
            case UInt8(ascii: "u"):
                let (scalar, after) = unicodeEscape(bytes, at)
                decoded.append(contentsOf: String(scalar).utf8)
                at = after
            default: decoded.append(escape)
            }
        }
        return String(decoding: decoded, as: UTF8.self)
    }

    /// The character whose escape's four digits start at `at`, taking the second half of a surrogate pair along.
    private static func unicodeEscape(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> (Unicode.Scalar, after: Int) {
        guard let unit = codeUnit(bytes, at) else { return ("\u{FFFD}", bytes.count) }
        let after = at + 4
        if let scalar = Unicode.Scalar(unit) { return (scalar, after) }
        guard unit < 0xDC00, after + 1 < bytes.count, bytes[after] == UInt8(ascii: "\\"),
            bytes[after + 1] == UInt8(ascii: "u"), let low = codeUnit(bytes, after + 2), (0xDC00...0xDFFF).contains(low)
        else { return ("\u{FFFD}", after) }
        let code = 0x1_0000 + (UInt32(unit) - 0xD800) << 10 + (UInt32(low) - 0xDC00)
        return (Unicode.Scalar(code) ?? "\u{FFFD}", after + 6)
    }

    private static func codeUnit(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> UInt16? {
        guard at + 4 <= bytes.count else { return nil }
        var unit: UInt16 = 0
        for index in at..<(at + 4) {
            guard let digit = JSONCursor.hexValue(bytes[index]) else { return nil }
            unit = unit << 4 | digit
        }
        return unit
    }
}
