import Bus

/// What the bus carries to the shards: an event, or a change for the sockets that a target reaches.
///
/// Changes travel with the events, so everyone sees both in one order.
struct BusItem: Sendable {
    enum Kind: Sendable {
        case broadcast(Broadcast)
        case join(Target, rooms: [String])
        case leave(Target, rooms: [String])
        case disconnect(Target, close: Bool, reason: String?)
        case kick(Target, reason: String?)
        case state(Target, set: [(key: String, json: [UInt8])], unset: [String])
        /// Lets a client in whose session goes on, at this place of the order.
        case entry(RecoveredEntry)
        case refresh(Target, AuthorizationEnd)
    }

    let namespace: Namespace
    let kind: Kind
    /// Told by each shard how many sockets it reached there, where somebody wants to know.
    var recipients: RecipientCount?
    /// Its place in the order of its namespace; 0 until ``Namespace/publish(_:)`` has given it one.
    private(set) var offset: UInt64 = 0

    init(namespace: Namespace, kind: Kind, recipients: RecipientCount? = nil) {
        self.namespace = namespace
        self.kind = kind
        self.recipients = recipients
    }

    var target: Target {
        switch self.kind {
        case .broadcast(let broadcast): broadcast.target
        case .join(let target, _), .leave(let target, _), .disconnect(let target, _, _), .kick(let target, _),
            .state(let target, _, _), .refresh(let target, _):
            target
        case .entry: Target()
        }
    }

    /// Called by the sequencer, before any shard has the item.
    mutating func published(at offset: UInt64, epoch: Epoch?) {
        self.offset = offset
        if case .broadcast(let broadcast) = self.kind { broadcast.published(at: offset, epoch: epoch) }
    }

    /// What the log of the namespace keeps of it; `nil` for what clients that are away do not miss.
    var logged: (content: HistoryEntry<Broadcast>.Content, bytes: Int)? {
        switch self.kind {
        case .broadcast(let broadcast):
            guard !broadcast.volatile, case .event = broadcast.content else { return nil }
            return (.event(broadcast, asksAck: broadcast.ackID != nil), broadcast.logBytes)
        case .join(_, let rooms):
            return (.change(.join(rooms: rooms)), rooms.reduce(0) { $0 + $1.utf8.count })
        case .leave(_, let rooms):
            return (.change(.leave(rooms: rooms)), rooms.reduce(0) { $0 + $1.utf8.count })
        case .disconnect:
            return (.change(.end), 0)
        case .state(_, let set, let unset):
            let bytes = set.reduce(0) { $0 + $1.key.utf8.count + $1.json.count }
            return (.change(.state(set: set, unset: unset)), unset.reduce(bytes) { $0 + $1.utf8.count })
        case .kick, .entry, .refresh:
            return nil
        }
    }

    /// A shard says how many of its sockets the item reached.
    func reached(_ count: Int) {
        self.recipients?.report(count)
        if case .broadcast(let broadcast) = self.kind { broadcast.collector?.shardReported(count) }
    }
}
