internal import CZlib
package import struct NIOCore.ByteBuffer

/// Inflates compressed messages, whole ones, into no more bytes than a message may have.
///
/// RFC 7692 section 7.2.2.
///
/// One serves any number of clients whose messages are compressed by themselves; a client that takes its context over
/// needs one of its own. 40 KiB, most of it the window.
package final class MessageInflater {
    /// What is inflated at a time, and checked before more is.
    private static let chunk = 32_768
    /// The end of every sync flush, which is left out on the wire.
    private static let tail = UInt32(bigEndian: 0x0000_FFFF)

    private let stream: UnsafeMutablePointer<z_stream>

    /// Nil only when there is no memory.
    ///
    /// `windowBits`: what the client may use; more does no harm.
    package init?(windowBits: Int = 15) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // Negative: raw deflate, without zlib's header and checksum.
        guard gatehouse_inflate_init(stream, CInt(-windowBits)) == Z_OK else {
            stream.deallocate()
            return nil
        }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// Replaces the bytes of `output` by what `payload`, the whole of a message, comes to.
    ///
    /// Stops with an error as soon as there are more than `limit` bytes or, where `isText`, as soon as they cannot be
    /// UTF-8. `keepsContext`: the payload may refer to the message before it.
    package func inflate(
        _ payload: UnsafeRawBufferPointer, isText: Bool, limit: Int, keepsContext: Bool = false,
        into output: inout ByteBuffer
    ) throws(WebSocketError) {
        output.clear()
        if !keepsContext { inflateReset(stream) }
        // A sender that has nothing to say should say 00 (section 7.2.3.6), but some say nothing.
        guard !payload.isEmpty else { return }
        var message = Message(limit: limit, isText: isText)
        var end = try take(payload, of: &message, into: &output)
        if end == .inBlocks {
            // A payload that ends with a final block needs no tail.
            let count = output.readableBytes
            end = try withUnsafeBytes(of: Self.tail) { (tail) throws(WebSocketError) in
                try take(tail, of: &message, into: &output)
            }
            // The tail is the rest of an empty block, and then the stream is between two of them. If it was taken for
            // anything else, something is missing. `data_type` is bit 7 and the count of bits that are left over.
            let isBetweenBlocks = output.readableBytes == count && stream.pointee.data_type & 0xFF == 128
            guard end == .finalBlock || isBetweenBlocks else { throw .invalidCompression }
        }
        if end == .finalBlock { inflateResetKeep(stream) }
        guard message.utf8.isComplete else { throw .invalidUTF8 }
    }

    private struct Message {
        var limit: Int
        var isText: Bool
        var utf8 = UTF8Validator()
    }

    private enum End { case inBlocks, finalBlock }

    /// Inflates all of `bytes`.
    private func take(
        _ bytes: UnsafeRawBufferPointer, of message: inout Message, into output: inout ByteBuffer
    ) throws(WebSocketError) -> End {
        guard let count = UInt32(exactly: bytes.count) else { throw .messageTooBig }
        stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.bindMemory(to: UInt8.self).baseAddress)
        stream.pointee.avail_in = count
        while true {
            // One byte more than allowed is enough to know.
            let room = min(Self.chunk, message.limit - output.readableBytes + 1)
            var status = Z_OK
            let written = output.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { space in
                stream.pointee.next_out = space.bindMemory(to: UInt8.self).baseAddress
                stream.pointee.avail_out = UInt32(room)
                status = CZlib.inflate(stream, Z_SYNC_FLUSH)
                return room - Int(stream.pointee.avail_out)
            }
            guard output.readableBytes <= message.limit else { throw .messageTooBig }
            if message.isText {
                let isText = output.withUnsafeReadableBytes { bytes in
                    message.utf8.consume(UnsafeRawBufferPointer(rebasing: bytes.suffix(written)))
                }
                guard isText else { throw .invalidUTF8 }
            }
            switch status {
            case Z_OK, Z_BUF_ERROR:
                // Room is left, so all input was taken.
                if stream.pointee.avail_out > 0 { return .inBlocks }
            case Z_STREAM_END:
                guard stream.pointee.avail_in > 0 else { return .finalBlock }
                // Blocks may follow a final one (section 7.2.3.4); each costs the client bytes, so this ends.
                inflateResetKeep(stream)
            default:
                throw .invalidCompression
            }
        }
    }
}
