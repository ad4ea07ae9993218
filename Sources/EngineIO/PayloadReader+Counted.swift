internal import struct NIOCore.ByteBuffer

/// The payloads of protocol 3: each packet stands behind its length.
///
/// Stricter than the reference server, which takes any spelling of a number and cuts what is too short: all of its
/// clients write plain decimal digits and count right, so whatever else comes has been tampered with.
extension PayloadReader {
    /// More digits than any body has bytes; far below what an `Int` holds.
    private static let digitLimit = 10

    /// `<code units>:<packet>`, again and again.
    mutating func nextCounted() throws(PayloadError) -> Item? {
        while let start = position {
            position = nil
            guard start < body.count else { throw .emptyPacket }
            let (units, text) = try length(at: start, digits: UInt8(ascii: "0"), end: UInt8(ascii: ":"))
            let bytes: Int
            switch UTF16Length.prefix(units, of: UnsafeRawBufferPointer(rebasing: body[text...])) {
            case .bytes(let count): bytes = count
            case .tooShort, .splitsCharacter: throw .wrongLength
            case .notUTF8: throw .invalidUTF8
            }
            let end = text + bytes
            // What a client writes that has nothing to say; it says nothing, but must not be free.
            guard bytes > 0 else {
                try countControlPacket()
                position = end < body.count ? end : nil
                continue
            }
            let item = try read(UnsafeRawBufferPointer(rebasing: body[text..<end]))
            position = end < body.count ? end : nil
            return item
        }
        return nil
    }

    /// `<0 or 1><digits><0xff><packet>`, again and again.
    mutating func nextCountedBytes() throws(PayloadError) -> Item? {
        guard let start = position else { return nil }
        position = nil
        guard start < body.count else { throw .emptyPacket }
        let kind = body[start]
        guard kind <= 1 else { throw .unknownPacketType }
        let (count, begin) = try length(at: start + 1, digits: 0, end: 0xff)
        guard count <= body.count - begin else { throw .wrongLength }
        let end = begin + count
        let packet = UnsafeRawBufferPointer(rebasing: body[begin..<end])
        let item = kind == 0 ? try read(packet) : .binary(try message(packet))
        position = end < body.count ? end : nil
        return item
    }

    /// The data of a binary packet: of messages, there is no other.
    private func message(_ packet: UnsafeRawBufferPointer) throws(PayloadError) -> ByteBuffer {
        guard !packet.isEmpty else { throw .emptyPacket }
        guard let data = PacketType.splitBinary(packet) else { throw .unknownPacketType }
        return ByteBuffer(bytes: data)
    }

    /// Decimal digits, the first of which is not zero unless it is alone, and the byte that ends them.
    private func length(at start: Int, digits zero: UInt8, end: UInt8) throws(PayloadError) -> (Int, next: Int) {
        var at = start
        var value = 0
        while at < body.count, body[at] != end {
            let digit = body[at] &- zero
            guard digit < 10, at - start < Self.digitLimit, at == start || value > 0 else { throw .invalidLength }
            value = value * 10 + Int(digit)
            at += 1
        }
        guard at < body.count, at > start else { throw .invalidLength }
        return (value, at + 1)
    }
}
