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
    private let shards: [ShardHandle]
    private let sequence = Mutex(NamespaceSequence())
    private let ackIDs = Atomic<UInt64>(0)
    private let sockets = Atomic<Int>(0)
    private let holds = Atomic<Int>(0)

    init(
        name: String, index: Int, parameters: [String: String], isDynamic: Bool, label: Int, shards: [ShardHandle]
    ) {
        self.name = name
        self.index = index
        self.parameters = parameters
        self.isDynamic = isDynamic
        self.label = label
        self.shards = shards
    }

    /// Puts an item into the one order of the namespace and leaves it for every shard that may have receivers.
    ///
    /// Returns its offset.
    @discardableResult
    func publish(_ item: BusItem) -> UInt64 {
        let only = self.onlyShard(of: item.target)
        return self.sequence.withLock { sequence in
            let offset = sequence.next()
            var item = item
            item.published(at: offset)
            if let only {
                self.shards[only].push(item)
            } else {
                for shard in self.shards { shard.push(item) }
            }
            return offset
        }
    }

    /// The inbox of some shard is so full that whoever publishes had better wait.
    var isCongested: Bool { self.shards.contains { $0.inbox.count > Inbox.congested } }

    /// How many shards a publication goes to; what ``AckCollector`` and ``RecipientCount`` wait for.
    func shardCount(for target: Target) -> Int {
        self.onlyShard(of: target) == nil ? self.shards.count : 1
    }

    /// The shard of a target that is one socket: its id says where it lives.
    private func onlyShard(of target: Target) -> Int? {
        guard !target.all, target.rooms.isEmpty, target.users.isEmpty, target.sockets.count == 1,
            let id = SessionID(target.sockets[0]), id.shard < self.shards.count
        else { return nil }
        return id.shard
    }

    /// The id of the next event that asks its receivers for an ack.
    ///
    /// Counted per namespace, so one encoding serves all.
    func nextAckID() -> UInt64 {
        self.ackIDs.wrappingAdd(1, ordering: .relaxed).oldValue
    }

    var socketCount: Int { self.sockets.load(ordering: .relaxed) }

    func socketAdded() { self.sockets.wrappingAdd(1, ordering: .relaxed) }

    func socketRemoved() { self.sockets.wrappingSubtract(1, ordering: .relaxed) }

    /// Whether nobody is in it or about to be.
    var isUnused: Bool { self.holds.load(ordering: .relaxed) == 0 }

    /// Somebody wants to enter: it must not be forgotten meanwhile.
    ///
    /// Called by the registry under its lock only; ended by ``NamespaceRegistry/release(_:forgetting:)``.
    func hold() { self.holds.wrappingAdd(1, ordering: .relaxed) }

    func releaseHold() { self.holds.wrappingSubtract(1, ordering: .relaxed) }
}
