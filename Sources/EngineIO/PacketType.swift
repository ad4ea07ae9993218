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
}
