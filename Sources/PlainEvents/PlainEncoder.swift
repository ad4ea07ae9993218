package import struct NIOCore.ByteBuffer
internal import EngineIO
package import JSONScanner

/// Appends what plain clients are told in JSON.
///
/// Arguments are comma-separated JSON values and pass byte for byte, but for one thing: these clients have no attachments,
/// so the placeholder of an attachment becomes `{"base64":"…"}` with the bytes themselves.
package enum PlainEncoder {
    /// `{"event":"said","args":["hi"],"offset":"…","ack":7}`; the last two where there is such a thing.
    package static func event(
        name: String, arguments: [UInt8], attachments: [ByteBuffer] = [], offset: String? = nil, ackID: UInt64? = nil,
        into buffer: inout ByteBuffer
    ) {
        buffer.writeStaticString("{\"event\":")
        buffer.writeBytes(JSONWriter.quoted(name))
        buffer.writeStaticString(",\"args\":[")
        self.arguments(arguments, attachments, into: &buffer)
        buffer.writeStaticString("]")
        if let offset {
            buffer.writeStaticString(",\"offset\":")
            buffer.writeBytes(JSONWriter.quoted(offset))
        }
        if let ackID { buffer.writeString(",\"ack\":\(ackID)") }
        buffer.writeStaticString("}")
    }

    /// `{"ack":7,"args":["ok"]}`.
    package static func ack(
        id: UInt64, arguments: ByteBuffer, attachments: [ByteBuffer] = [], into buffer: inout ByteBuffer
    ) {
        buffer.writeString("{\"ack\":\(id),\"args\":[")
        self.arguments(arguments, attachments, into: &buffer)
        buffer.writeStaticString("]}")
    }

    /// `{"args":["ok"]}`: an answer where the question is known.
    package static func answer(
        arguments: ByteBuffer, attachments: [ByteBuffer] = [], into buffer: inout ByteBuffer
    ) {
        buffer.writeStaticString("{\"args\":[")
        self.arguments(arguments, attachments, into: &buffer)
        buffer.writeStaticString("]}")
    }

    package static func arguments(_ arguments: ByteBuffer, _ attachments: [ByteBuffer], into buffer: inout ByteBuffer) {
        arguments.withUnsafeReadableBytes { self.arguments($0, attachments, into: &buffer) }
    }

    package static func arguments(_ arguments: [UInt8], _ attachments: [ByteBuffer], into buffer: inout ByteBuffer) {
        arguments.withUnsafeBytes { self.arguments($0, attachments, into: &buffer) }
    }

    private static func arguments(
        _ arguments: UnsafeRawBufferPointer, _ attachments: [ByteBuffer], into buffer: inout ByteBuffer
    ) {
        guard !attachments.isEmpty else {
            buffer.writeBytes(arguments)
            return
        }
        var start = 0
        for (range, number) in JSONScanner.placeholders(in: arguments) {
            guard let number, number < attachments.count else { continue }
            buffer.writeBytes(arguments[start..<range.lowerBound])
            buffer.writeStaticString("{\"base64\":\"")
            attachments[number].withUnsafeReadableBytes { Base64.encode($0, into: &buffer) }
            buffer.writeStaticString("\"}")
            start = range.upperBound
        }
        buffer.writeBytes(arguments[start...])
    }
}
