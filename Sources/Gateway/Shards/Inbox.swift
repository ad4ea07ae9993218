import NIOCore
import Synchronization

/// Where other threads leave work for a shard: what the bus published for it, in the order of the sequencers.
///
/// A push wakes the loop only when the inbox was empty, so a burst costs one wake-up.
final class Inbox: Sendable {
    private struct State {
        var items: ContiguousArray<BusItem> = []
        var isAwake = false
    }

    /// From this many items on clients that publish are not read for a moment: a shard is behind by that much work.
    static let congested = 10_000

    private let state = Mutex(State())
    private let waiting = Atomic(0)

    /// How many items wait.
    ///
    /// Read without the lock, so a moment old.
    var count: Int { self.waiting.load(ordering: .relaxed) }

    /// Returns whether the shard has to be woken.
    func push(_ item: BusItem) -> Bool {
        self.state.withLock { state in
            state.items.append(item)
            self.waiting.store(state.items.count, ordering: .relaxed)
            if state.isAwake { return false }
            state.isAwake = true
            return true
        }
    }

    /// Takes everything that has been pushed since the last time; the next push wakes again.
    func takeAll(into items: inout ContiguousArray<BusItem>) {
        self.state.withLock { state in
            swap(&items, &state.items)
            state.isAwake = false
            self.waiting.store(0, ordering: .relaxed)
        }
    }
}
