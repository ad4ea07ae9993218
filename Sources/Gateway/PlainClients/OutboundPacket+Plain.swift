import EngineIO
import NIOCore
import PlainEvents

/// Events as plain clients get them.
extension OutboundPacket {
    /// A text frame with the event as a JSON object; long-polling takes its payload.
    ///
    /// `nil`: with its attachments put in, the event is larger than plain clients are sent.
    static func json(_ event: Broadcast.Event, offset: String?) -> OutboundPacket? {
        guard let arguments = PlainArguments(event.arguments, attachments: event.attachments) else { return nil }
        return .framed(reserving: event.name.utf8.count + arguments.byteCount + 96) {
            PlainEncoder.event(name: event.name, arguments: arguments, offset: offset, ackID: event.ackID, into: &$0)
        }
    }

    /// What it says, without the header of a frame.
    var message: ByteBuffer {
        var message = self.frame
        message.moveReaderIndex(forwardBy: self.payloadOffset)
        return message
    }

    /// The same as a server-sent event.
    static func eventStream(_ event: Broadcast.Event, offset: String?) -> OutboundPacket? {
        guard let arguments = PlainArguments(event.arguments, attachments: event.attachments) else { return nil }
        var buffer = ByteBufferAllocator().buffer(capacity: event.name.utf8.count + arguments.byteCount + 64)
        ServerSentEvent.event(name: event.name, arguments: arguments, offset: offset, into: &buffer)
        return OutboundPacket(frame: buffer, payloadOffset: 0)
    }
}
