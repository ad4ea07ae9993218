package import struct NIOCore.ByteBuffer

/// Writes packets one after the other into the answer to a poll, as many as it may hold.
package struct PayloadWriter {
    private let format: PayloadFormat
    private let limit: Int
    /// What the packets count for against the limit.
    private var length = 0

    /// - Parameter limit: the most bytes; a single packet may be longer.
    package init(_ format: PayloadFormat, limit: Int) {
        self.format = format
        self.limit = limit
    }

    package var isEmpty: Bool { length == 0 }

    /// Appends a packet; false, and nothing is written, when there is no room for it.
    package mutating func write(_ packet: OutboundPacket, into buffer: inout ByteBuffer) -> Bool {
        guard admit(packet) else { return false }
        if format == .separated {
            if length > packet.pollingLength { buffer.writeInteger(PayloadReader.separator) }
            packet.writePolling(into: &buffer)
        } else {
            packet.writeCounted(format, into: &buffer)
        }
        return true
    }

    /// Counts a packet without writing it; false when there is no room for it.
    mutating func admit(_ packet: OutboundPacket) -> Bool {
        let needed =
            format == .separated
            ? packet.pollingLength + (isEmpty ? 0 : 1) : packet.payloadLength + OutboundPacket.longestCount
        guard isEmpty || needed <= limit - length else { return false }
        length += needed
        return true
    }
}

extension OutboundPacket {
    /// Bytes that protocol 3 puts before a packet, at most: a marker, ten digits (more than a buffer holds), a marker.
    static let longestCount = 12

    /// The type byte and the data.
    fileprivate var payloadLength: Int { frame.readableBytes - payloadOffset }

    /// Appends the packet with its length before it; the payload of a binary one begins with its type already.
    fileprivate func writeCounted(_ format: PayloadFormat, into buffer: inout ByteBuffer) {
        frame.withUnsafeReadableBytes { bytes in
            let payload = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(payloadOffset))
            if format == .counted {
                buffer.writeString("\(UTF16Length.count(payload)):")
            } else {
                buffer.writeInteger(UInt8(isBinary ? 1 : 0))
                for digit in String(payload.count).utf8 { buffer.writeInteger(digit &- UInt8(ascii: "0")) }
                buffer.writeInteger(UInt8(0xff))
            }
            buffer.writeBytes(payload)
        }
    }
}
