internal import CZlib

/// CRC-32 of an event's parts, so that a byte that changed in the file is noticed.
struct Checksum {
    private(set) var value: UInt = crc32(0, nil, 0)

    mutating func add(_ bytes: [UInt8]) {
        // The length first, so that bytes cannot move from one part into the next unnoticed.
        add(Int64(bytes.count))
        guard !bytes.isEmpty else { return }
        value = bytes.withUnsafeBufferPointer { crc32(value, $0.baseAddress, UInt32(clamping: $0.count)) }
    }

    mutating func add(_ text: String) { add(Array(text.utf8)) }

    mutating func add(_ number: Int64) {
        value = withUnsafeBytes(of: number.littleEndian) {
            crc32(value, $0.bindMemory(to: UInt8.self).baseAddress, UInt32($0.count))
        }
    }

    /// Of what does not change as long as the event lives.
    static func of(_ event: NewEvent, sequence: UInt64, origin: Int64) -> Int64 {
        var sum = Checksum()
        sum.add(origin)
        sum.add(Int64(bitPattern: sequence))
        sum.add(event.accepted)
        for text in [event.id, event.handler, event.route, event.lane, event.type, event.socket, event.namespace] {
            sum.add(text)
        }
        sum.add(event.head)
        sum.add(event.tail)
        return Int64(sum.value)
    }
}
