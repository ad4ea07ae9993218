import Bus
import EngineIO

/// A broadcast as it lies in a shard's arena until it has been sent: added once for each dialect, sent by number.
struct SharedForm {
    struct Entry {
        let first: OutboundPacket
        let firstID: OutputArena.BufferID
        let attachments: [(packet: OutboundPacket, id: OutputArena.BufferID)]
    }

    private let broadcast: Broadcast
    private let shard: Shard
    /// There are few dialects, and most broadcasts meet one: looked through from the start.
    private var entries: ContiguousArray<(dialect: Dialect, entry: Entry?)> = []
    /// The same for receivers of compressed messages; no memory while there are none.
    private var deflated: ContiguousArray<(dialect: Dialect, kind: StreamDeflate.Kind, entry: Entry)> = []

    init(_ broadcast: Broadcast, on shard: Shard) {
        self.broadcast = broadcast
        self.shard = shard
    }

    /// What a client of the dialect is sent; `nil` when the dialect has no words for the broadcast.
    mutating func entry(_ dialect: Dialect) -> Entry? {
        for known in self.entries where known.dialect == dialect { return known.entry }
        let entry = self.broadcast.encoding(dialect).map { self.lay($0) }
        self.entries.append((dialect, entry))
        return entry
    }

    /// The buffer of a dialect that needs one for the broadcast; `nil` when it needs more, or has no words for it.
    mutating func only(_ dialect: Dialect) -> (id: OutputArena.BufferID, isBinary: Bool)? {
        guard let entry = self.entry(dialect), entry.attachments.isEmpty else { return nil }
        return (entry.firstID, entry.first.isBinary)
    }

    /// The same; with `deflate`, what is worth it is sent compressed.
    mutating func entry(_ dialect: Dialect, deflate: StreamDeflate.Kind?) -> Entry? {
        let plain = self.entry(dialect)
        guard let kind = deflate, let plain, self.broadcast.compress else { return plain }
        for known in self.deflated where known.dialect == dialect && known.kind == kind { return known.entry }
        let first = self.deflatedID(plain.first, 0, dialect, kind) ?? plain.firstID
        let attachments = plain.attachments.enumerated().map { index, plain in
            (plain.packet, self.deflatedID(plain.packet, index + 1, dialect, kind) ?? plain.id)
        }
        let entry = Entry(first: plain.first, firstID: first, attachments: attachments)
        self.deflated.append((dialect, kind, entry))
        return entry
    }

    /// `nil` when the packet goes as it is.
    private func deflatedID(
        _ packet: OutboundPacket, _ part: Int, _ dialect: Dialect, _ kind: StreamDeflate.Kind
    ) -> OutputArena.BufferID? {
        guard packet.frame.readableBytes - packet.payloadOffset >= kind.threshold else { return nil }
        let frame = self.broadcast.deflated(packet, part: part, of: dialect, windowBits: kind.windowBits) {
            self.shard.deflatePool.frame(packet.opcode, $0, windowBits: kind.windowBits)
        }
        return frame.map { self.shard.arena.add($0) }
    }

    private func lay(_ encoding: Encoding) -> Entry {
        Entry(
            first: encoding.first, firstID: self.shard.arena.add(encoding.first.webSocketFrame),
            attachments: encoding.attachments.map { ($0, self.shard.arena.add($0.webSocketFrame)) })
    }

    /// The entry that was made last for an offset that is not the event's own.
    private var stamped: (offset: Offset, entry: Entry)?

    /// What a client is sent that keeps the last string as its offset: the event with the offset that it has.
    mutating func entry(at offset: Offset) -> Entry? {
        if let stamped, stamped.offset == offset { return stamped.entry }
        guard case .event(let event) = self.broadcast.content else { return nil }
        let encoding = Encoding(event, namespace: self.broadcast.namespace, offset: offset)
        let entry = self.lay(encoding)
        self.stamped = (offset, entry)
        return entry
    }
}
