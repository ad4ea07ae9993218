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
    static func binary(_ data: ByteBuffer, for revision: EngineIO.ProtocolRevision = .four) -> OutboundPacket {
        let typeLength = revision == .three ? 1 : 0
        var buffer = ByteBufferAllocator().buffer(capacity: 11 + data.readableBytes)
        FrameEncoder.writeHeader(opcode: .binary, length: typeLength + data.readableBytes, into: &buffer)
        let offset = buffer.readableBytes
        if revision == .three { buffer.writeInteger(PacketType.binaryMessage) }
        buffer.writeImmutableBuffer(data)
        return OutboundPacket(frame: buffer, payloadOffset: offset, isBinary: true)
    }

    /// A packet of protocol 3 for a client that takes no bytes on these transports: binary as text there, `b4` and
    /// base64.
    func encoded(_ base64: TransportSet, over transport: Transport) -> OutboundPacket {
        guard self.isBinary, base64.contains(transport) else { return self }
        let length = self.frame.readableBytes - self.payloadOffset
        return .framed(reserving: 2 + Base64.encodedLength(length)) { buffer in
            buffer.writeString("b4")
            self.frame.withUnsafeReadableBytes { bytes in
                // The data, without the type that stands before it.
                Base64.encode(UnsafeRawBufferPointer(rebasing: bytes.dropFirst(self.payloadOffset + 1)), into: &buffer)
            }
        }
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
