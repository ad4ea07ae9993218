import EngineIO

/// The name of an Engine.IO session or of a socket: 128 random bits, and the shard that it lives on.
///
/// Written as 24 characters of URL-safe base64. The shard's number is mixed with random bytes; it is no secret, it spares
/// a global table.
struct SessionID: Hashable, Sendable {
    static let length = 24

    private let high: UInt64
    private let low: UInt64
    private let place: UInt16

    init(shard: Int, using random: inout some RandomNumberGenerator) {
        self.high = random.next()
        self.low = random.next()
        self.place = UInt16(truncatingIfNeeded: shard) ^ UInt16(truncatingIfNeeded: self.low)
    }

    /// The shard that it says it lives on; of no meaning unless that shard knows it.
    var shard: Int { Int(self.place ^ UInt16(truncatingIfNeeded: self.low)) }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    private static let values: [UInt8] = {
        var table = [UInt8](repeating: 0xff, count: 256)
        for (value, character) in alphabet.enumerated() { table[Int(character)] = UInt8(value) }
        return table
    }()

    /// Reads what ``string`` wrote; `nil` for anything else.
    init?(_ text: some StringProtocol) {
        let read = text.utf8.withContiguousStorageIfAvailable { Self(utf8: UnsafeRawBufferPointer($0)) }
        guard let id = read ?? Array(text.utf8).withUnsafeBytes({ Self(utf8: $0) }) else { return nil }
        self = id
    }

    /// The session that a request names.
    init?(_ name: SessionName) {
        var id: Self?
        name.withBytes { id = Self(utf8: $0) }
        guard let id else { return nil }
        self = id
    }

    private init?(utf8 text: UnsafeRawBufferPointer) {
        guard text.count == Self.length else { return nil }
        var high: UInt64 = 0
        var low: UInt64 = 0
        var place: UInt64 = 0
        var index = 0
        // Named once: each mention asks whether it has been made, and there are 24 characters in every request.
        let values = Self.values
        for byte in text {
            let value = UInt64(values[Int(byte)])
            guard value != 0xff else { return nil }
            // 144 bits, six at a time: 64 + 64 + 16. The 11th and the 22nd character stand across a border.
            switch index {
            case 0..<10: high = high << 6 | value
            case 10:
                high = high << 4 | value >> 2
                low = value & 0x3
            case 11..<21: low = low << 6 | value
            case 21:
                low = low << 2 | value >> 4
                place = value & 0xf
            default: place = place << 6 | value
            }
            index += 1
        }
        self.high = high
        self.low = low
        self.place = UInt16(truncatingIfNeeded: place)
    }

    /// The id of a socket: that of a Socket.IO 2 client has its namespace before it, `/chat#…`.
    init?(socketID: String) {
        guard let mark = socketID.utf8.lastIndex(of: UInt8(ascii: "#")) else {
            self.init(socketID)
            return
        }
        self.init(socketID[socketID.utf8.index(after: mark)...])
    }

    var string: String {
        String(unsafeUninitializedCapacity: Self.length) { output in
            var accumulator: UInt32 = 0
            var pending = 0
            var written = 0
            func push(_ byte: UInt8) {
                accumulator = accumulator << 8 | UInt32(byte)
                pending += 8
                while pending >= 6 {
                    pending -= 6
                    output[written] = Self.alphabet[Int(accumulator >> UInt32(pending) & 0x3f)]
                    written += 1
                }
                accumulator &= (1 << UInt32(pending)) - 1
            }
            for shift in stride(from: 56, through: 0, by: -8) {
                push(UInt8(truncatingIfNeeded: self.high >> UInt64(shift)))
            }
            for shift in stride(from: 56, through: 0, by: -8) {
                push(UInt8(truncatingIfNeeded: self.low >> UInt64(shift)))
            }
            push(UInt8(truncatingIfNeeded: self.place >> 8))
            push(UInt8(truncatingIfNeeded: self.place))
            return written
        }
    }
}
