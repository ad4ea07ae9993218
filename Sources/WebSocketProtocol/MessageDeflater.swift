internal import CZlib
package import struct NIOCore.ByteBuffer

/// Compresses messages.
///
/// RFC 7692 section 7.2.1.
///
/// One serves any number of clients that have agreed on the same window, as long as each message is compressed by
/// itself; with context takeover each client needs one of its own.
package final class MessageDeflater {
    /// Level 1 takes a third of the time of the usual 6, and this time is the loop's.
    package static let level = 1

    private let stream: UnsafeMutablePointer<z_stream>
    private var isFresh = true

    /// Nil only when there is no memory.
    ///
    /// Of `windowBits` 8 zlib makes 9 (and refuses it for raw deflate, since the decoder would not know). Here it is
    /// right: with 9, zlib refers back by 250 bytes at most (its MAX_DIST: the window less 262), and 8 allows 256.
    package init?(windowBits: Int = 15) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // Negative: raw deflate, without zlib's header and checksum.
        guard gatehouse_deflate_init(stream, CInt(Self.level), CInt(-max(windowBits, 9)), 8) == Z_OK else {
            stream.deallocate()
            return nil
        }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    /// Appends what `payload`, the whole of a message, is compressed to.
    ///
    /// Returns false, and appends nothing, when nothing would be saved: then the message goes as it is. `keepsContext`:
    /// refers to the messages before it, which the client has got compressed.
    package func deflate(
        _ payload: UnsafeRawBufferPointer, keepsContext: Bool = false, into output: inout ByteBuffer
    ) -> Bool {
        if !keepsContext, !isFresh { deflateReset(stream) }
        isFresh = false
        let start = output.writerIndex
        guard let count = UInt32(exactly: payload.count), append(payload, count, to: &output),
            output.writerIndex - start - 4 < payload.count
        else {
            // The client does not get it: what comes next must not refer to it.
            deflateReset(stream)
            isFresh = true
            output.moveWriterIndex(to: start)
            return false
        }
        // The end of a sync flush is always 00 00 FF FF, and is left out.
        output.moveWriterIndex(to: output.writerIndex - 4)
        return true
    }

    private func append(_ payload: UnsafeRawBufferPointer, _ count: UInt32, to output: inout ByteBuffer) -> Bool {
        stream.pointee.next_in = UnsafeMutablePointer(mutating: payload.bindMemory(to: UInt8.self).baseAddress)
        stream.pointee.avail_in = count
        var room = payload.count + 64
        while true {
            var status = Z_OK
            output.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { space in
                let room = UInt32(clamping: space.count)
                stream.pointee.next_out = space.bindMemory(to: UInt8.self).baseAddress
                stream.pointee.avail_out = room
                status = CZlib.deflate(stream, Z_SYNC_FLUSH)
                return Int(room - stream.pointee.avail_out)
            }
            guard status == Z_OK else { return false }
            // Room is left, so the flush is complete.
            if stream.pointee.avail_out > 0 { return true }
            room = 1_024
        }
    }
}
