package import struct NIOCore.ByteBuffer

/// A packet ready to leave on either transport: one shared buffer, `[WebSocket frame header][payload]`.
///
/// The payload of a text packet begins with its type byte; that of a binary message is the bytes themselves, for
/// sessions of protocol 3 with the byte 4 before them (``PacketType/binaryMessage``). The header is opaque here; it may
/// be missing (`payloadOffset` 0) in a packet that can leave by polling only.
package struct OutboundPacket: Hashable, Sendable {
    package var frame: ByteBuffer
    /// Bytes of the frame before the payload.
    package var payloadOffset: Int
    package var isBinary: Bool

    /// What a packet costs in memory beside its bytes: its place in a queue, and the buffer of a small one, which is at
    /// least so large.
    package static let cost = 320

    package init(frame: ByteBuffer, payloadOffset: Int, isBinary: Bool = false) {
        precondition(payloadOffset >= 0 && payloadOffset <= frame.readableBytes)
        self.frame = frame
        self.payloadOffset = payloadOffset
        self.isBinary = isBinary
    }

    package var webSocketFrame: ByteBuffer { frame }

    /// Bytes in the answer to a poll of protocol 4, without the separator.
    package var pollingLength: Int {
        let payload = frame.readableBytes - payloadOffset
        return isBinary ? 1 + Base64.encodedLength(payload) : payload
    }

    /// Appends the packet as a payload of protocol 4 has it: text as it is, binary as `b` and base64.
    package func writePolling(into buffer: inout ByteBuffer) {
        frame.withUnsafeReadableBytes { bytes in
            let payload = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(payloadOffset))
            guard isBinary else {
                buffer.writeBytes(payload)
                return
            }
            buffer.writeInteger(UInt8(ascii: "b"))
            Base64.encode(payload, into: &buffer)
        }
    }
}

/// The packets that sessions send by themselves, as whole frames.
extension OutboundPacket {
    package static let ping = control("2")
    package static let pong = control("3")
    package static let close = control("1")
    package static let noop = control("6")
    /// The answer to a probe, for the probing WebSocket.
    package static let probeAnswer = control("3probe")

    /// A text frame of at most 125 bytes, final and unmasked (RFC 6455, section 5.2).
    private static func control(_ text: StaticString) -> OutboundPacket {
        var frame = ByteBuffer()
        frame.writeInteger(UInt8(0x81))
        frame.writeInteger(UInt8(text.utf8CodeUnitCount))
        frame.writeStaticString(text)
        return OutboundPacket(frame: frame, payloadOffset: 2)
    }
}
