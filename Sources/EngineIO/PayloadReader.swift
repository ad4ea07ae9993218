package import struct NIOCore.ByteBuffer

/// Why the body of a POST is not a payload.
package enum PayloadError: Error, Hashable, Sendable {
    case emptyPacket, unknownPacketType, invalidUTF8, invalidBase64, tooManyControlPackets
    /// The length before a packet is not a number as it is written there, or no body is that long.
    case invalidLength
    /// The length before a packet says more than there is, or ends inside a character.
    case wrongLength
}

/// Reads the body of a POST packet by packet.
///
/// Engine.IO protocol 4, "Packet encoding"; protocol 3, "Payload".
///
/// Linear, allocates for binary packets only, and looks no further than the first bad packet. After an error it has
/// nothing more to say.
package struct PayloadReader {
    /// The byte between two packets of protocol 4.
    package static let separator: UInt8 = 0x1e

    /// Packets other than messages that one payload may hold.
    ///
    /// A client has no use for more than two or three; messages are not counted, because clients batch without a limit
    /// of their own.
    package static let controlPacketLimit = 32

    package enum Item {
        /// A text packet without its type byte; valid as long as the body is. A message is valid UTF-8.
        case packet(PacketType, UnsafeRawBufferPointer)
        /// A binary message.
        case binary(ByteBuffer)
    }

    let body: UnsafeRawBufferPointer
    let format: PayloadFormat
    /// Where the next packet starts; nil at the end.
    var position: Int? = 0
    private var controlPackets = 0

    package init(_ body: UnsafeRawBufferPointer, format: PayloadFormat = .separated) {
        self.body = body
        self.format = format
    }

    /// Where the next packet starts, for a caller that stops and goes on there later; nil after the last.
    package var nextOffset: Int? { position }

    /// The next packet; nil after the last.
    ///
    /// An empty body is one empty packet, hence an error.
    package mutating func next() throws(PayloadError) -> Item? {
        switch format {
        case .separated: try nextSeparated()
        case .counted: try nextCounted()
        case .countedBytes: try nextCountedBytes()
        }
    }

    private mutating func nextSeparated() throws(PayloadError) -> Item? {
        guard let start = position else { return nil }
        position = nil
        var end = start
        while end < body.count, body[end] != Self.separator { end &+= 1 }
        let item = try read(UnsafeRawBufferPointer(rebasing: body[start..<end]))
        if end < body.count { position = end + 1 }
        return item
    }

    /// A packet in the form of text.
    mutating func read(_ packet: UnsafeRawBufferPointer) throws(PayloadError) -> Item {
        guard let first = packet.first else { throw .emptyPacket }
        let data = UnsafeRawBufferPointer(rebasing: packet.dropFirst())
        if first == UInt8(ascii: "b") { return .binary(try base64(data)) }
        guard let type = PacketType(rawValue: first) else { throw .unknownPacketType }
        if type == .message {
            guard Self.isUTF8(data) else { throw .invalidUTF8 }
        } else {
            try countControlPacket()
        }
        return .packet(type, data)
    }

    /// What follows `b`: in protocol 3 the type of the packet, then base64.
    private func base64(_ data: UnsafeRawBufferPointer) throws(PayloadError) -> ByteBuffer {
        var data = data
        if format != .separated {
            guard data.first == PacketType.message.rawValue else { throw .unknownPacketType }
            data = UnsafeRawBufferPointer(rebasing: data.dropFirst())
        }
        guard let decoded = Base64.decode(data) else { throw .invalidBase64 }
        return decoded
    }

    mutating func countControlPacket() throws(PayloadError) {
        controlPackets += 1
        guard controlPackets <= Self.controlPacketLimit else { throw .tooManyControlPackets }
    }

    private static func isUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.withMemoryRebound(to: UInt8.self) { (try? UTF8Span(validating: $0.span)) != nil }
    }
}
