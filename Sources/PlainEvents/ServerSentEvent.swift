package import struct NIOCore.ByteBuffer

/// Writes a stream of server-sent events.
///
/// HTML standard, section 9.2, "Server-sent events". Nothing that is written can be taken for more than one event: values
/// are kept free of line breaks.
package enum ServerSentEvent {
    /// One event: its name, its arguments as a JSON array, and the offset that the client gives back as `Last-Event-ID`.
    package static func event(
        name: String, arguments: PlainArguments, offset: String? = nil, into buffer: inout ByteBuffer
    ) {
        if let offset { self.field("id: ", offset, into: &buffer) }
        self.field("event: ", name, into: &buffer)
        buffer.writeStaticString("data: [")
        let start = buffer.writerIndex
        arguments.write(into: &buffer)
        self.removeLineBreaks(from: start, in: &buffer)
        buffer.writeStaticString("]\n\n")
    }

    /// What is said before the first event: how long a client waits before it comes back, and where it is.
    ///
    /// A client that leaves before its first event comes back with that offset.
    package static func opening(retry: Duration, offset: String? = nil, into buffer: inout ByteBuffer) {
        let milliseconds = max(0, Int64(retry / .milliseconds(1)))
        buffer.writeString("retry: \(milliseconds)\n")
        if let offset { self.field("id: ", offset, into: &buffer) }
        buffer.writeStaticString("\n")
    }

    /// The id of ``farewell(into:)``: a client that comes back with it is told to stay away.
    ///
    /// Nothing that an offset looks like.
    package static let farewellID = "disconnected"

    /// The last event of a client that is not to come back.
    package static func farewell(into buffer: inout ByteBuffer) {
        buffer.writeStaticString("id: disconnected\nevent: disconnect\ndata: []\n\n")
    }

    /// What clients do not notice, so that nobody on the way takes the connection for dead.
    package static func keepAlive(into buffer: inout ByteBuffer) {
        buffer.writeStaticString(":\n\n")
    }

    /// Tells a client that came back that what it missed cannot be said any more.
    ///
    /// From `offset` on it can.
    package static func reset(offset: String? = nil, into buffer: inout ByteBuffer) {
        if let offset { self.field("id: ", offset, into: &buffer) }
        buffer.writeStaticString("event: reset\ndata: []\n\n")
    }

    private static func field(_ name: StaticString, _ value: String, into buffer: inout ByteBuffer) {
        buffer.writeStaticString(name)
        let start = buffer.writerIndex
        buffer.writeString(value)
        self.removeLineBreaks(from: start, in: &buffer)
        buffer.writeStaticString("\n")
    }

    /// Line breaks become spaces: in JSON they stand between values only, and in names they have no business.
    private static func removeLineBreaks(from start: Int, in buffer: inout ByteBuffer) {
        let offset = start - buffer.readerIndex
        buffer.withUnsafeMutableReadableBytes { bytes in
            for index in offset..<bytes.count where bytes[index] == 0x0A || bytes[index] == 0x0D { bytes[index] = 0x20 }
        }
    }
}
