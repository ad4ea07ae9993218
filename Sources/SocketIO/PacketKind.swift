/// The first digit of a packet.
///
/// Socket.IO protocol 5, "Packet types".
package enum PacketKind: UInt8, Hashable, Sendable {
    case connect = 0, disconnect, event, ack, connectError, binaryEvent, binaryAck

    /// The digit as it is written.
    var digit: UInt8 { UInt8(ascii: "0") + rawValue }
}
