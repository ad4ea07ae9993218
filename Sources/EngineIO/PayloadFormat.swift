package import struct NIOCore.ByteBuffer

/// How packets are framed in the body of a POST and in the answer to a poll.
package enum PayloadFormat: UInt8, Hashable, Sendable, CaseIterable {
    /// Protocol 4: joined by 0x1e; binary as `b` and base64.
    case separated
    /// Protocol 3, as text: each behind its length in UTF-16 code units and a colon; binary as `b4` and base64.
    case counted
    /// Protocol 3, as bytes: each behind 0 for text or 1 for binary, its length in bytes by decimal digits (the bytes
    /// 0 to 9, not their characters), and 0xff.
    ///
    /// Binary is the type (the byte 4) and the bytes themselves.
    case countedBytes

    /// The format of a payload without binary packets.
    package init(text revision: ProtocolRevision) {
        self = revision == .three ? .counted : .separated
    }

    /// Of the type `application/octet-stream`.
    package var isBinary: Bool { self == .countedBytes }
}

extension PacketType {
    /// A payload of this packet alone, without data.
    package func payload(_ format: PayloadFormat) -> ByteBuffer {
        switch format {
        case .separated: ByteBuffer(bytes: [rawValue])
        case .counted: ByteBuffer(bytes: [UInt8(ascii: "1"), UInt8(ascii: ":"), rawValue])
        case .countedBytes: ByteBuffer(bytes: [0, 1, 0xff, rawValue])
        }
    }
}
