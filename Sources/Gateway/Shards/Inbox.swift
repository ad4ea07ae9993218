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

    private let state = Mutex(State())

    /// Returns whether the shard has to be woken.
    func push(_ item: BusItem) -> Bool {
        self.state.withLock { state in
            state.items.append(item)
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
        }
    }
}
