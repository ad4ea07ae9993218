/// The little of base64 that a handshake needs.
///
/// RFC 4648 section 4.
enum Base64 {
    static func encode(_ bytes: some Sequence<UInt8>) -> String {
        var result = ""
        var bits: UInt32 = 0
        var pending = 0
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            pending += 8
            while pending >= 6 {
                pending -= 6
                result.unicodeScalars.append(character(UInt8(truncatingIfNeeded: bits >> UInt32(pending)) & 63))
            }
        }
        if pending > 0 {
            result.unicodeScalars.append(character(UInt8(truncatingIfNeeded: bits << UInt32(6 - pending)) & 63))
        }
        while result.utf8.count % 4 != 0 { result.append("=") }
        return result
    }

    /// Whether `text` is what exactly 16 bytes look like: 22 characters and `==`.
    ///
    /// The 22nd character carries four bits too many. They should be zero, but the example in RFC 6455 section 4.1 has
    /// them set, and so have clients that copied it.
    static func isEncodingOf16Bytes(_ text: some Collection<UInt8>) -> Bool {
        guard text.count == 24 else { return false }
        for (position, byte) in text.enumerated() {
            guard position < 22 else {
                guard byte == UInt8(ascii: "=") else { return false }
                continue
            }
            guard isDigit(byte) else { return false }
        }
        return true
    }

    private static func character(_ value: UInt8) -> Unicode.Scalar {
        switch value {
        case 0..<26: Unicode.Scalar(UInt8(ascii: "A") + value)
        case 26..<52: Unicode.Scalar(UInt8(ascii: "a") + (value - 26))
        case 52..<62: Unicode.Scalar(UInt8(ascii: "0") + (value - 52))
        case 62: "+"
        default: "/"
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
            true
        default: false
        }
    }
}
