package import struct NIOCore.ByteBuffer

/// Writes server frames: never masked, lengths minimal.
///
/// RFC 6455 section 5.2.
package enum FrameEncoder {
    /// How many bytes stand before a payload of that length: 2, 4 or 10.
    package static func headerLength(payload: Int) -> Int {
        payload <= 125 ? 2 : payload <= 0xFFFF ? 4 : 10
    }

    /// Appends a frame header; the caller appends exactly `length` bytes after it.
    ///
    /// `isCompressed` sets RSV1, as RFC 7692 section 6 wants it on the first frame of a compressed message.
    package static func writeHeader(
        opcode: Opcode, length: Int, fin: Bool = true, isCompressed: Bool = false, into out: inout ByteBuffer
    ) {
        precondition(length >= 0 && (length <= 125 || !opcode.isControl) && !(isCompressed && opcode.isControl))
        let first: UInt8 = opcode.rawValue | (fin ? 0x80 : 0) | (isCompressed ? 0x40 : 0)
        if length <= 125 {
            out.writeInteger(UInt16(first) << 8 | UInt16(length))
        } else if length <= 0xFFFF {
            out.writeInteger(UInt32(first) << 24 | UInt32(126) << 16 | UInt32(length))
        } else {
            out.writeInteger(UInt16(first) << 8 | 127)
            out.writeInteger(UInt64(length))
        }
    }

    /// A buffer with one whole frame, whose payload `body` writes.
    ///
    /// Returns how many bytes stand before the payload, too.
    package static func frame(
        _ opcode: Opcode, isCompressed: Bool = false, reserving capacity: Int, _ body: (inout ByteBuffer) -> Void
    ) -> (buffer: ByteBuffer, headerLength: Int) {
        // The header's size depends on the length of what follows, so room for the largest is left and used from the end.
        let room = 10
        var buffer = ByteBuffer()
        buffer.reserveCapacity(room + capacity + room)
        buffer.writeRepeatingByte(0, count: room)
        body(&buffer)
        let length = buffer.writerIndex - room
        let headerLength = Self.headerLength(payload: length)
        // Written behind the payload, then moved in front of it.
        let end = buffer.writerIndex
        writeHeader(opcode: opcode, length: length, isCompressed: isCompressed, into: &buffer)
        _ = try? buffer.copyBytes(at: end, to: room - headerLength, length: headerLength)
        buffer.moveWriterIndex(to: end)
        buffer.moveReaderIndex(to: room - headerLength)
        return (buffer, headerLength)
    }

    /// Appends a whole frame.
    ///
    /// A control payload longer than 125 bytes is cut.
    package static func write(_ opcode: Opcode, _ payload: UnsafeRawBufferPointer, into out: inout ByteBuffer) {
        let payload = opcode.isControl ? UnsafeRawBufferPointer(rebasing: payload.prefix(125)) : payload
        out.reserveCapacity(minimumWritableBytes: headerLength(payload: payload.count) + payload.count)
        writeHeader(opcode: opcode, length: payload.count, into: &out)
        out.writeBytes(payload)
    }

    /// Appends a whole frame around the readable bytes of `payload`.
    package static func write(_ opcode: Opcode, _ payload: ByteBuffer, into out: inout ByteBuffer) {
        payload.withUnsafeReadableBytes { write(opcode, $0, into: &out) }
    }

    /// Appends a text message; the bytes have to be UTF-8.
    package static func text(_ payload: UnsafeRawBufferPointer, into out: inout ByteBuffer) {
        write(.text, payload, into: &out)
    }

    package static func binary(_ payload: UnsafeRawBufferPointer, into out: inout ByteBuffer) {
        write(.binary, payload, into: &out)
    }

    package static func ping(_ payload: UnsafeRawBufferPointer, into out: inout ByteBuffer) {
        write(.ping, payload, into: &out)
    }

    /// Appends the answer to a ping: the same payload.
    package static func pong(_ payload: UnsafeRawBufferPointer, into out: inout ByteBuffer) {
        write(.pong, payload, into: &out)
    }

    /// Appends a close frame.
    ///
    /// A code that is not allowed on the wire becomes none at all, and takes the reason with it; a reason longer than
    /// 123 bytes is cut between two characters.
    package static func close(code: UInt16?, reason: String = "", into out: inout ByteBuffer) {
        guard let code, CloseCode.isAllowedOnWire(code) else {
            writeHeader(opcode: .close, length: 0, into: &out)
            return
        }
        let text = reason.utf8
        var end = text.startIndex
        var length = 0
        for scalar in reason.unicodeScalars.indices {
            let next = reason.unicodeScalars.index(after: scalar)
            let width = text.distance(from: end, to: next)
            guard length + width <= 123 else { break }
            length += width
            end = next
        }
        writeHeader(opcode: .close, length: 2 + length, into: &out)
        out.writeInteger(code)
        out.writeBytes(text[..<end])
    }
}
