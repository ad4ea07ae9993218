import Bus
import Synchronization

/// A namespace of the gateway: its name, and the sequencer that gives everything published in it one order.
final class Namespace: Sendable {
    let name: String
    /// A small number by which the shards find their part of it.
    let index: Int
    /// What its name's pattern captured: `{param.id}` of `/tenant-{id}`.
    let parameters: [String: String]
    let isDynamic: Bool
    /// Under which metrics count it: the place of its name, or of its pattern's text, in ``NamespaceRegistry/labels``.
    let label: Int
    /// Whether there is a log, because some endpoint gives clients what they missed.
    let isLogged: Bool
    /// Which life of the namespace its offsets belong to.
    let epoch: Epoch
    private let shards: [ShardHandle]
    private let places: SocketPlaces
    private let order: Mutex<Order>
    private let ackIDs = Atomic<UInt64>(0)
    private let sockets = Atomic<Int>(0)
    private let holds = Atomic<Int>(0)

    private struct Order {
        var sequence = NamespaceSequence()
        var history: History<Broadcast>?
        /// What the log has been counted for in the total of all logs.
        var countedBytes = 0
    }

    private let logTotal: LogTotal

    /// - Parameter log: The log that it begins with; `nil` for none.
    init(
        name: String, index: Int, parameters: [String: String], isDynamic: Bool, label: Int, shards: [ShardHandle],
        places: SocketPlaces = .init(), log: NamespaceLog? = nil, logTotal: LogTotal = .init()
    ) {
        self.logTotal = logTotal
        self.name = name
        self.index = index
        self.parameters = parameters
        self.isDynamic = isDynamic
        self.label = label
        self.shards = shards
        self.places = places
        self.isLogged = log != nil
        var random = SystemRandomNumberGenerator()
        self.epoch = log?.epoch ?? Epoch(using: &random)
        self.order = Mutex(Order(sequence: .init(last: log?.head ?? 0), history: log?.history))
        self.order.withLock { self.count(&$0) }
        // A log that was kept is not for whoever is refused to throw away.
        if let log, log.head > 0 { self.noteEntry() }
    }

    deinit { self.dropLog() }

    /// The log has changed: what it holds is counted.
    private func count(_ order: inout Order) {
        let bytes = order.history?.bytes ?? 0
        guard bytes != order.countedBytes else { return }
        self.logTotal.add(bytes - order.countedBytes)
        order.countedBytes = bytes
    }

    /// Puts an item into the one order of the namespace and leaves it for every shard that may have receivers.
    ///
    /// Returns its offset.
    @discardableResult
    func publish(_ item: BusItem) -> UInt64 {
        let entry = self.isLogged ? item.logged : nil
        // Read before the lock: the critical section stays short.
        let now = entry == nil ? nil : ContinuousClock.now
        return self.order.withLock { order in
            let offset = order.sequence.next()
            var item = item
            item.published(at: offset, epoch: entry == nil ? nil : self.epoch)
            if let entry, let now {
                order.history?.append(
                    entry.content, for: item.target, bytes: entry.bytes, sequence: offset, now: now)
                self.count(&order)
            }
            // Under the lock, because a socket may be moving from one shard to another.
            if let only = self.onlyShard(of: item.target) {
                self.shards[only].push(item)
            } else {
                for shard in self.shards { shard.push(item) }
            }
            return offset
        }
    }

    /// The inbox of some shard is so full that whoever publishes had better wait.
    var isCongested: Bool { self.shards.contains { $0.inbox.isCongested } }

    /// How many shards a publication goes to; what ``AckCollector`` and ``RecipientCount`` wait for.
    func shardCount(for target: Target) -> Int {
        self.onlyShard(of: target) == nil ? self.shards.count : 1
    }

    /// The shard of a target that is one socket.
    private func onlyShard(of target: Target) -> Int? {
        guard !target.all, target.rooms.isEmpty, target.users.isEmpty, target.sockets.count == 1,
            let id = SessionID(socketID: target.sockets[0]), !self.shards.isEmpty
        else { return nil }
        return self.places.shard(of: id, shards: self.shards.count)
    }

    // MARK: - The log

    /// The offset given last.
    var head: UInt64 { self.order.withLock { $0.sequence.last } }

    /// How many entries the log has.
    var logCount: Int {
        guard self.isLogged else { return 0 }
        return self.order.withLock { order in
            order.history?.prune(now: .now)
            self.count(&order)
            return order.history?.count ?? 0
        }
    }

    /// The log as it is now; `nil` when there is none.
    var log: NamespaceLog? {
        self.withHistory { NamespaceLog(epoch: self.epoch, head: $1, history: $0) }
    }

    /// Reads the log, or decides by it, with the offset given last; `nil` when there is no log.
    func withHistory<Result: Sendable>(_ body: (inout History<Broadcast>, UInt64) -> Result) -> Result? {
        self.order.withLock { order in
            guard order.history != nil else { return nil }
            let head = order.sequence.last
            defer { self.count(&order) }
            return body(&order.history!, head)
        }
    }

    /// When the oldest entry of the log was logged; `nil` when it has none.
    var oldestLogged: ContinuousClock.Instant? { self.order.withLock { $0.history?.oldest } }

    /// Entries that are dropped under the lock at once: publishers wait for it.
    static let dropLimit = 64

    /// Drops what was logged before a time; offsets from before it are no good any more.
    func dropLogged(before time: ContinuousClock.Instant) {
        while self.dropSomeLogged(before: time, bytes: .max) == Self.dropLimit {}
    }

    /// The same for no more than ``dropLimit`` entries, and as many as make up `bytes`.
    ///
    /// Returns how many it were.
    func dropSomeLogged(before time: ContinuousClock.Instant, bytes: Int) -> Int {
        guard self.isLogged else { return 0 }
        // Freed behind the lock.
        let dropped = self.order.withLock { order in
            defer { self.count(&order) }
            return order.history?.drop(before: time, limit: Self.dropLimit, bytes: bytes) ?? []
        }
        return dropped.count
    }

    /// The namespace is gone: nobody will ask for its log.
    func dropLog() {
        _ = self.order.withLock { order in
            defer { self.count(&order) }
            return order.history.take()
        }
    }

    /// Whoever comes back by one of these positions may have missed what nobody knows.
    func spoil(_ positions: ClosedRange<UInt64>, of user: String?) {
        _ = self.withHistory { history, _ in history.spoil(.init(user: user, positions: positions)) }
    }

    /// Whether a client of which no session is kept may have missed what nobody knows, by its position.
    func isSpoilt(_ position: UInt64, of user: String?) -> Bool {
        self.withHistory { history, _ in history.spoilt.contains(position, of: user) } ?? true
    }

    /// Decides what a client has missed, and gives its way in the next place of the order.
    ///
    /// What is published later finds the socket on `shard`; nothing comes between the log and the live events.
    func enter(
        _ record: SessionRecord, from sequence: UInt64?, maxRooms: Int, shard: Int,
        _ admit: @escaping @Sendable (Recovery<Broadcast>) -> Void
    ) throws(RecoveryRefusal) {
        let result = self.order.withLock { order in
            Result { () throws(RecoveryRefusal) in
                guard order.history != nil else { throw .incomplete }
                order.history?.prune(now: .now)
                self.count(&order)
                let recovery = try order.history!.recover(
                    record, from: sequence, head: order.sequence.last, maxRooms: maxRooms)
                if let id = SessionID(record.socketID) { self.places.set(shard, for: id) }
                var item = BusItem(namespace: self, kind: .entry(RecoveredEntry { admit(recovery) }))
                item.published(at: order.sequence.next(), epoch: nil)
                self.shards[shard].push(item)
            }
        }
        try result.get()
    }

    /// The id of the next event that asks its receivers for an ack.
    ///
    /// Counted per namespace, so one encoding serves all.
    func nextAckID() -> UInt64 {
        self.ackIDs.wrappingAdd(1, ordering: .relaxed).oldValue
    }

    private let away = Atomic<Int>(0)

    /// A client is away and may come back to its session here.
    func sessionLeft() { self.away.wrappingAdd(1, ordering: .relaxed) }

    func sessionReturned() { self.away.wrappingSubtract(1, ordering: .relaxed) }

    /// Whether nobody may come back to a session here.
    var isAbandoned: Bool { self.away.load(ordering: .relaxed) == 0 }

    /// Whether the log can still say what a client has missed.
    func check(_ record: SessionRecord, from sequence: UInt64?) throws(RecoveryRefusal) {
        let result = self.withHistory { history, _ in
            Result { () throws(RecoveryRefusal) in try history.check(record, from: sequence) }
        }
        guard let result else { throw .incomplete }
        try result.get()
    }

    var socketCount: Int { self.sockets.load(ordering: .relaxed) }

    func socketAdded() {
        self.noteEntry()
        self.sockets.wrappingAdd(1, ordering: .relaxed)
    }

    private let entered = Atomic(false)

    /// Whether anybody was ever let in.
    var wasEntered: Bool { self.entered.load(ordering: .relaxed) }

    func noteEntry() { self.entered.store(true, ordering: .relaxed) }

    func socketRemoved() { self.sockets.wrappingSubtract(1, ordering: .relaxed) }

    /// Whether nobody is in it or about to be.
    var isUnused: Bool { self.holds.load(ordering: .relaxed) == 0 }

    /// Somebody wants to enter: it must not be forgotten meanwhile.
    ///
    /// Called by the registry under its lock only; ended by ``NamespaceRegistry/release(_:forgetting:)``.
    func hold() { self.holds.wrappingAdd(1, ordering: .relaxed) }

    func releaseHold() { self.holds.wrappingSubtract(1, ordering: .relaxed) }
}
