package import struct NIOCore.ByteBuffer

/// Base64 as binary packets carry it while polling: the standard alphabet, padded (RFC 4648, section 4).
package enum Base64 {
    /// The number of characters for so many bytes.
    package static func encodedLength(_ count: Int) -> Int {
        (count + 2) / 3 * 4
    }

    package static func encode(_ bytes: UnsafeRawBufferPointer, into buffer: inout ByteBuffer) {
        let length = encodedLength(bytes.count)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: length) { output in
            var read = 0
            var written = 0
            while bytes.count - read >= 3 {
                let group = UInt32(bytes[read]) << 16 | UInt32(bytes[read + 1]) << 8 | UInt32(bytes[read + 2])
                output[written] = character(group >> 18)
                output[written + 1] = character(group >> 12)
                output[written + 2] = character(group >> 6)
                output[written + 3] = character(group)
                read += 3
                written += 4
            }
            let rest = bytes.count - read
            guard rest > 0 else { return written }
            let group = UInt32(bytes[read]) << 16 | (rest == 2 ? UInt32(bytes[read + 1]) << 8 : 0)
            output[written] = character(group >> 18)
            output[written + 1] = character(group >> 12)
            output[written + 2] = rest == 2 ? character(group >> 6) : UInt8(ascii: "=")
            output[written + 3] = UInt8(ascii: "=")
            return written + 4
        }
    }

    /// Strict: whole groups of four, padding only at the end, no other characters, no bits left over.
    ///
    /// nil otherwise.
    package static func decode(_ text: UnsafeRawBufferPointer) -> ByteBuffer? {
        guard text.count % 4 == 0 else { return nil }
        guard text.count > 0 else { return ByteBuffer() }
        let padding =
            text[text.count - 1] != UInt8(ascii: "=") ? 0 : text[text.count - 2] != UInt8(ascii: "=") ? 1 : 2
        let digits = text.count - padding
        var decoded = ByteBuffer()
        var isValid = true
        decoded.writeWithUnsafeMutableBytes(minimumWritableBytes: text.count / 4 * 3) { output in
            var written = 0
            var group: UInt32 = 0
            // The high bit gathers over all characters: one test at the end instead of a branch for each.
            var seen: UInt8 = 0
            for index in 0..<digits {
                let digit = value[Int(text[index])]
                seen |= digit
                group = group << 6 | UInt32(digit & 63)
                guard index & 3 == 3 else { continue }
                output[written] = UInt8(truncatingIfNeeded: group >> 16)
                output[written + 1] = UInt8(truncatingIfNeeded: group >> 8)
                output[written + 2] = UInt8(truncatingIfNeeded: group)
                written += 3
                group = 0
            }
            switch padding {
            case 1:
                output[written] = UInt8(truncatingIfNeeded: group >> 10)
                output[written + 1] = UInt8(truncatingIfNeeded: group >> 2)
                written += 2
                isValid = group & 3 == 0
            case 2:
                output[written] = UInt8(truncatingIfNeeded: group >> 4)
                written += 1
                isValid = group & 15 == 0
            default:
                break
            }
            isValid = isValid && seen & 0x80 == 0
            return written
        }
        return isValid ? decoded : nil
    }

    private static func character(_ bits: UInt32) -> UInt8 {
        switch UInt8(truncatingIfNeeded: bits & 63) {
        case let digit where digit < 26: digit &+ UInt8(ascii: "A")
        case let digit where digit < 52: digit &- 26 &+ UInt8(ascii: "a")
        case let digit where digit < 62: digit &- 52 &+ UInt8(ascii: "0")
        case 62: UInt8(ascii: "+")
        default: UInt8(ascii: "/")
        }
    }

    /// The value of each character; 0xff for those outside the alphabet.
    private static let value: [UInt8] = {
        var table = [UInt8](repeating: 0xff, count: 256)
        for digit in 0..<UInt32(64) { table[Int(character(digit))] = UInt8(digit) }
        return table
    }()
}
