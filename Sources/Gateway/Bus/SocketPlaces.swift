import Synchronization

/// Where sockets live whose id does not say so: those that recovered their session on another loop.
///
/// Any thread. Set under the lock of the namespace's sequencer, so that nothing published goes to the wrong loop.
final class SocketPlaces: Sendable {
    private let moved = Mutex<[SessionID: Int]>([:])
    /// Spares the lock as long as nobody has moved.
    private let count = Atomic(0)

    init() {}

    /// The shard of a socket; of no meaning unless that shard knows it.
    func shard(of id: SessionID, shards: Int) -> Int {
        if self.count.load(ordering: .relaxed) > 0, let shard = self.moved.withLock({ $0[id] }) { return shard }
        // The id may come from a process with more loops, by way of a checkpoint.
        return id.shard % shards
    }

    func set(_ shard: Int, for id: SessionID) {
        self.moved.withLock { moved in
            moved[id] = shard == id.shard ? nil : shard
            self.count.store(moved.count, ordering: .relaxed)
        }
    }

    /// The socket is gone for good.
    func forget(_ id: SessionID) {
        guard self.count.load(ordering: .relaxed) > 0 else { return }
        self.moved.withLock { moved in
            moved[id] = nil
            self.count.store(moved.count, ordering: .relaxed)
        }
    }
}
