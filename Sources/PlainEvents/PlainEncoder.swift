internal import JSONScanner
package import struct NIOCore.ByteBuffer

/// Appends what plain clients are told in JSON.
///
/// Arguments are comma-separated JSON values and pass byte for byte, but for attachments: see ``PlainArguments``.
package enum PlainEncoder {
    /// Stands where an offset would, for a client that cannot come back by one: nothing that an offset looks like.
    ///
    /// Who comes back with it is told that it may have missed something.
    package static let noOffset = "none"

    /// `{"event":"said","args":["hi"],"offset":"…","ack":7}`; the last two where there is such a thing.
    package static func event(
        name: String, arguments: PlainArguments, offset: String? = nil, ackID: UInt64? = nil,
        into buffer: inout ByteBuffer
    ) {
        buffer.writeStaticString("{\"event\":")
        buffer.writeBytes(JSONWriter.quoted(name))
        buffer.writeStaticString(",\"args\":[")
        arguments.write(into: &buffer)
        buffer.writeStaticString("]")
        if let offset {
            buffer.writeStaticString(",\"offset\":")
            buffer.writeBytes(JSONWriter.quoted(offset))
        }
        if let ackID { buffer.writeString(",\"ack\":\(ackID)") }
        buffer.writeStaticString("}")
    }

    /// `{"ack":7,"args":["ok"]}`.
    package static func ack(id: UInt64, arguments: PlainArguments, into buffer: inout ByteBuffer) {
        buffer.writeString("{\"ack\":\(id),\"args\":[")
        arguments.write(into: &buffer)
        buffer.writeStaticString("]}")
    }
}
