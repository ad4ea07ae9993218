import EngineIO

/// A broadcast as it lies in a shard's arena for this turn: added once for each dialect, sent by number.
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

    init(_ broadcast: Broadcast, on shard: Shard) {
        self.broadcast = broadcast
        self.shard = shard
    }

    /// What a client of the dialect is sent; `nil` when the dialect has no words for the broadcast.
    mutating func entry(_ dialect: Dialect) -> Entry? {
        for known in self.entries where known.dialect == dialect { return known.entry }
        let entry = self.broadcast.encoding(dialect).map { encoding in
            Entry(
                first: encoding.first, firstID: self.shard.arena.add(encoding.first.webSocketFrame),
                attachments: encoding.attachments.map { ($0, self.shard.arena.add($0.webSocketFrame)) })
        }
        self.entries.append((dialect, entry))
        return entry
    }
}
