package import struct NIOCore.ByteBuffer

/// Writes a chunked body.
///
/// RFC 9112 section 7.1.
package enum ChunkWriter {
    /// Appends one chunk; nothing for no bytes, because an empty chunk would be the last.
    package static func write(_ data: ByteBuffer, into out: inout ByteBuffer) {
        guard data.readableBytes > 0 else { return }
        writeHead(length: data.readableBytes, into: &out)
        out.writeImmutableBuffer(data)
        out.writeStaticString("\r\n")
    }

    /// Appends what stands before a chunk of `length` bytes, at least one.
    ///
    /// CR LF has to follow the data.
    package static func writeHead(length: Int, into out: inout ByteBuffer) {
        precondition(length > 0)
        out.writeString(String(length, radix: 16))
        out.writeStaticString("\r\n")
    }

    /// Appends the end of the body.
    package static func writeEnd(into out: inout ByteBuffer) {
        out.writeStaticString("0\r\n\r\n")
    }
}
