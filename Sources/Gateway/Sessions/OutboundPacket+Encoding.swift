import Bus
import EngineIO
import NIOCore
import SocketIO
import WebSocketProtocol

/// Builds the shared buffers that leave on both transports: `[WebSocket header]["4"][Socket.IO packet]`.
extension OutboundPacket {
    /// An Engine.IO text message whose content is written by `body`.
    static func message(reserving capacity: Int, _ body: (inout ByteBuffer) -> Void) -> OutboundPacket {
        .framed(reserving: 1 + capacity) { buffer in
            buffer.writeInteger(PacketType.message.rawValue)
            body(&buffer)
        }
    }

    /// A text packet that `body` writes, type byte and all.
    static func framed(reserving capacity: Int, _ body: (inout ByteBuffer) -> Void) -> OutboundPacket {
        let (buffer, headerLength) = FrameEncoder.frame(.text, reserving: capacity, body)
        return OutboundPacket(frame: buffer, payloadOffset: headerLength, isBinary: false)
    }

    /// A binary message: an attachment, or a raw message of an Engine.IO client.
    static func binary(_ data: ByteBuffer) -> OutboundPacket {
        var buffer = ByteBufferAllocator().buffer(capacity: 10 + data.readableBytes)
        FrameEncoder.writeHeader(opcode: .binary, length: data.readableBytes, into: &buffer)
        let offset = buffer.readableBytes
        buffer.writeImmutableBuffer(data)
        return OutboundPacket(frame: buffer, payloadOffset: offset, isBinary: true)
    }

    /// The text packet of an event; its attachments follow it.
    static func event(_ event: Broadcast.Event, namespace: String, offset: Offset? = nil) -> OutboundPacket {
        .message(
            reserving: namespace.utf8.count + event.name.utf8.count + event.arguments.count + 48 + Offset.maxLength
        ) {
            PacketEncoder.event(
                namespace: namespace, name: event.name, arguments: event.arguments, offset: offset?.text,
                ackID: event.ackID,
                attachmentCount: event.attachments.count, into: &$0)
        }
    }

    /// What the packet is on a WebSocket.
    var opcode: Opcode { self.isBinary ? .binary : .text }

    /// The payload of its frame.
    func withPayload<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        self.frame.withUnsafeReadableBytes { body(UnsafeRawBufferPointer(rebasing: $0.dropFirst(self.payloadOffset))) }
    }
}
