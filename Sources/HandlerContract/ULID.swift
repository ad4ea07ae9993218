/// A sortable 128-bit identifier: 48 bits of milliseconds since 1970, then 80 random bits.
///
/// Written as 26 characters of Crockford's base 32.
package struct ULID: Hashable, Sendable {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The milliseconds since 1970 in its first 48 bits.
    package var timestamp: Timestamp { Timestamp(milliseconds: Int64(high >> 16)) }

    /// The identifier of an event as handlers see it: `evt_` and the 26 characters.
    package var eventID: String { "evt_\(self)" }

    /// The identifier of a session as handlers see it: `c_` and the 26 characters.
    package var sessionID: String { "c_\(self)" }

    /// Reads 26 characters, in either case; nil when there is anything else, or when the value needs more than 128 bits.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        // 26 characters hold 130 bits: the first one may only use three of its five.
        guard bytes.count == 26, let first = Self.value(of: bytes[0]), first < 8 else { return nil }
        var high: UInt64 = 0
        var low: UInt64 = 0
        for byte in bytes {
            guard let value = Self.value(of: byte) else { return nil }
            high = high << 5 | low >> 59
            low = low << 5 | value
        }
        self.init(high: high, low: low)
    }

    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)

    private static func value(of byte: UInt8) -> UInt64? {
        // 0x61…0x7a are the small letters; clearing bit 5 makes them capitals.
        let upper = (0x61...0x7A).contains(byte) ? byte & 0xDF : byte
        return alphabet.firstIndex(of: upper).map(UInt64.init)
    }
}

extension ULID: CustomStringConvertible {
    package var description: String {
        String(unsafeUninitializedCapacity: 26) { buffer in
            var high = high
            var low = low
            for position in stride(from: 25, through: 0, by: -1) {
                buffer[position] = Self.alphabet[Int(low & 31)]
                low = low >> 5 | high << 59
                high >>= 5
            }
            return 26
        }
    }
}

extension ULID: Comparable {
    package static func < (a: ULID, b: ULID) -> Bool { (a.high, a.low) < (b.high, b.low) }
}
