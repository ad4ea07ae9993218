import EngineIO
import NIOCore
import PlainEvents

/// Events as plain clients get them.
extension OutboundPacket {
    /// A text frame with the event as a JSON object; long-polling takes its payload.
    static func json(_ event: Broadcast.Event, offset: String?) -> OutboundPacket {
        .framed(reserving: event.name.utf8.count + event.arguments.count + 96) {
            PlainEncoder.event(
                name: event.name, arguments: event.arguments, attachments: event.attachments, offset: offset,
                ackID: event.ackID, into: &$0)
        }
    }

    /// What it says, without the header of a frame.
    var message: ByteBuffer {
        var message = self.frame
        message.moveReaderIndex(forwardBy: self.payloadOffset)
        return message
    }

    static func eventStream(_ event: Broadcast.Event, offset: String?) -> OutboundPacket {
        var buffer = ByteBufferAllocator().buffer(capacity: event.name.utf8.count + event.arguments.count + 64)
        ServerSentEvent.event(
            name: event.name, arguments: event.arguments, attachments: event.attachments, offset: offset, into: &buffer)
        return OutboundPacket(frame: buffer, payloadOffset: 0)
    }
}
