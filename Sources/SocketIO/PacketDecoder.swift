internal import struct NIOCore.ByteBuffer

/// Turns a client's messages into packets, and waits for the attachments that a packet announces.
///
/// One per client. Socket.IO protocols 4 and 5, "Packet encoding", with the strictness that a server needs: whatever is
/// thrown means that this connection is to be closed. Idle, it is a few words; a packet without attachments is
/// sliced where it lies, without allocation.
package struct PacketDecoder: ~Copyable {
    /// What a client may send.
    ///
    /// Compact, because every client has a copy.
    package struct Limits: Hashable, Sendable {
        package var maxAttachments: UInt16
        package var maxNamespaceLength: UInt16
        package var depthLimit: UInt16
        package var maxPacketBytes: UInt32

        /// - Parameters:
        ///   - maxAttachments: Per packet. 10 as in socket.io-parser 4.2.6.
        ///   - maxPacketBytes: Text and attachments together; the default of `maxHttpBufferSize`.
        ///   - depthLimit: Open arrays and objects in a payload, its own array included.
        ///   - maxNamespaceLength: Bytes of the path.
        package init(
            maxAttachments: Int = 10, maxPacketBytes: Int = 1_000_000, depthLimit: Int = 64,
            maxNamespaceLength: Int = 128
        ) {
            self.maxAttachments = UInt16(clamping: maxAttachments)
            self.maxPacketBytes = UInt32(clamping: maxPacketBytes)
            self.depthLimit = UInt16(clamping: depthLimit)
            self.maxNamespaceLength = UInt16(clamping: maxNamespaceLength)
        }
    }

    private let limits: Limits
    private let revision: ProtocolRevision
    /// A packet with attachments: the one that waits for them, or the last one, until the next call.
    private var assembly: PacketAssembly?

    package init(limits: Limits, revision: ProtocolRevision = .five) {
        self.limits = limits
        self.revision = revision
    }

    /// Bytes of a packet that waits for its attachments.
    package var heldBytes: Int { assembly?.byteCount ?? 0 }

    /// The caller closes the connection when this stays true for too long.
    package var isAwaitingAttachments: Bool {
        assembly.map { !$0.isComplete } ?? false
    }

    /// A text message.
    ///
    /// Nil when the packet waits for attachments.
    ///
    /// - Parameter mayAwaitAttachments: False as long as the client is in no namespace: nothing is collected for it.
    package mutating func decode(
        text: UnsafeRawBufferPointer, mayAwaitAttachments: Bool = true
    ) throws(PacketError) -> Packet? {
        if let assembly {
            self.assembly = nil
            guard assembly.isComplete else { throw .missingAttachment }
        }
        guard text.count <= limits.maxPacketBytes else { throw .packetTooLarge }
        let header = try PacketParser.parse(text, limits: limits, revision: revision)
        guard header.attachmentCount > 0 else { return Packet(header, text: text, attachments: []) }
        guard mayAwaitAttachments else { throw .attachmentsBeforeConnect }
        assembly = PacketAssembly(header: header, text: text)
        return nil
    }

    /// A binary message: the next attachment.
    ///
    /// Nil when more are awaited.
    package mutating func decode(binary: UnsafeRawBufferPointer) throws(PacketError) -> Packet? {
        guard let assembly, !assembly.isComplete else {
            self.assembly = nil
            throw .unexpectedBinary
        }
        guard binary.count <= Int(limits.maxPacketBytes) - assembly.byteCount else {
            self.assembly = nil
            throw .packetTooLarge
        }
        return assembly.add(ByteBuffer(bytes: binary))
    }

    /// Frees the last packet's text early; its pointers end here.
    ///
    /// For a client that may be silent for long.
    package mutating func releaseLastPacket() {
        if let assembly, assembly.isComplete { self.assembly = nil }
    }
}

/// A packet that waits for its attachments.
///
/// A class, so that its bytes stay where they are and an idle decoder carries one word.
private final class PacketAssembly {
    private let header: PacketHeader
    private let text: UnsafeMutableRawBufferPointer
    private var attachments: [ByteBuffer] = []
    private(set) var byteCount: Int
    private(set) var isComplete = false

    init(header: PacketHeader, text: UnsafeRawBufferPointer) {
        self.header = header
        self.text = .allocate(byteCount: text.count, alignment: 1)
        self.text.copyMemory(from: text)
        byteCount = text.count
    }

    deinit {
        text.deallocate()
    }

    /// The packet, when this is its last attachment.
    func add(_ attachment: ByteBuffer) -> Packet? {
        attachments.append(attachment)
        byteCount += attachment.readableBytes
        guard attachments.count == header.attachmentCount else { return nil }
        isComplete = true
        defer { attachments = [] }
        return Packet(header, text: UnsafeRawBufferPointer(text), attachments: attachments)
    }
}

extension Packet {
    fileprivate init(_ header: PacketHeader, text: UnsafeRawBufferPointer, attachments: [ByteBuffer]) {
        self.init(
            kind: header.kind,
            namespace: UnsafeRawBufferPointer(rebasing: text[header.namespace]),
            ackID: header.ackID,
            payload: UnsafeRawBufferPointer(rebasing: text[header.payload]),
            array: header.array,
            attachments: attachments)
    }
}
