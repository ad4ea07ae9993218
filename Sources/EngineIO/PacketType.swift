package import struct NIOCore.ByteBuffer

/// The first byte of a text packet.
///
/// Engine.IO protocol 4, "Packet types".
package enum PacketType: UInt8, Hashable, Sendable, CaseIterable {
    case open = 0x30
    case close, ping, pong, message, upgrade, noop

    /// Splits a text packet, as it comes in a text frame; nil when it is empty or of no known type.
    package static func split(_ packet: UnsafeRawBufferPointer) -> (type: PacketType, data: UnsafeRawBufferPointer)? {
        guard let first = packet.first, let type = PacketType(rawValue: first) else { return nil }
        return (type, UnsafeRawBufferPointer(rebasing: packet.dropFirst()))
    }

    /// The message in a binary packet of protocol 3: it stands behind its type, which is the byte 4 there; nil when it
    /// is of another type.
    ///
    /// In protocol 4 a binary frame is the message itself.
    package static func splitBinary(_ packet: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        guard packet.first == binaryMessage else { return nil }
        return UnsafeRawBufferPointer(rebasing: packet.dropFirst())
    }

    /// The first byte of a binary packet of protocol 3.
    package static let binaryMessage: UInt8 = 4

    /// A binary message of protocol 3 in a text packet, `b4` and base64; nil when it is something else.
    package static func splitBase64(_ packet: UnsafeRawBufferPointer) -> ByteBuffer? {
        guard packet.count >= 2, packet[0] == UInt8(ascii: "b"), packet[1] == message.rawValue else { return nil }
        return Base64.decode(UnsafeRawBufferPointer(rebasing: packet[2...]))
    }
}
