package import struct NIOCore.ByteBuffer
internal import JSONScanner

/// The answer to one request of a long-polling client, as JSON.
///
/// `{"cursor":"…","events":[{"event":"said","args":["hi"]},{"ack":7,"args":[]}]}`: the messages are those that a JSON
/// WebSocket would get, in the same order.
package struct PollAnswer: Sendable {
    package var cursor: PollCursor
    /// Said to a client that comes with the cursor of a session that has ended: whether `events` has all that it missed.
    package var recovered: Bool?
    /// The client is put out, and had better not come back.
    package var isLast: Bool

    package init(cursor: PollCursor, recovered: Bool? = nil, isLast: Bool = false) {
        self.cursor = cursor
        self.recovered = recovered
        self.isLast = isLast
    }

    package func write(_ messages: some Collection<ByteBuffer>, into buffer: inout ByteBuffer) {
        let bytes = messages.reduce(0) { $0 + $1.readableBytes + 1 }
        buffer.reserveCapacity(minimumWritableBytes: bytes + PollCursor.maxLength + 64)
        buffer.writeStaticString("{\"cursor\":")
        buffer.writeBytes(JSONWriter.quoted(self.cursor.text))
        if let recovered = self.recovered { buffer.writeString(",\"recovered\":\(recovered)") }
        if self.isLast { buffer.writeStaticString(",\"disconnected\":true") }
        buffer.writeStaticString(",\"events\":[")
        var isFirst = true
        for message in messages {
            if !isFirst { buffer.writeStaticString(",") }
            isFirst = false
            buffer.writeImmutableBuffer(message)
        }
        buffer.writeStaticString("]}")
    }
}
