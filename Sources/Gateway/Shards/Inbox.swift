import NIOCore
import Synchronization

/// Where other threads leave work for a shard: what the bus published for it, in the order of the sequencers.
///
/// A push wakes the loop only when the inbox was empty, so a burst costs one wake-up.
final class Inbox: Sendable {
    private struct State {
        var items: ContiguousArray<BusItem> = []
        var isAwake = false
        /// When the first of ``items`` came.
        var since: ContinuousClock.Instant?
        /// The same of those that were taken last, until there are no more.
        var takenSince: ContinuousClock.Instant?
    }

    /// From this many items on clients that publish are not read for a moment: a shard is behind by that much work.
    static let congested = 10_000

    /// From this age of its oldest item on a shard is behind: what makes it late is deliveries, and a single item may
    /// have a hundred thousand of them, so that no number of items says it.
    private static let patience: Duration = .milliseconds(100)
    /// Fewer are not asked for their age.
    static let few = 64

    private let state = Mutex(State())
    private let waiting = Atomic(0)
    /// A turn was not long enough for what had come.
    private let overfull = Atomic(false)

    /// How many items wait.
    ///
    /// Read without the lock, so a moment old.
    var count: Int { self.waiting.load(ordering: .relaxed) }

    /// Whether more had better not come for now.
    ///
    /// What counts is work, not items: one turn of the shard does not do for what there is.
    var isCongested: Bool {
        if self.overfull.load(ordering: .relaxed) { return true }
        let count = self.count
        return count > Self.congested || count > Self.few && self.isBehind
    }

    /// The shard says whether its turn was over before everything was applied.
    func setOverfull(_ isOverfull: Bool) {
        // Read by all who publish, so written only when it changes.
        if self.overfull.load(ordering: .relaxed) != isOverfull {
            self.overfull.store(isOverfull, ordering: .relaxed)
        }
    }

    /// Whether the shard has not got to what came a while ago.
    var isBehind: Bool {
        let oldest = self.state.withLock { $0.takenSince ?? $0.since }
        return oldest.map { $0.duration(to: .now) > Self.patience } ?? false
    }

    /// Returns whether the shard has to be woken.
    func push(_ item: BusItem) -> Bool {
        self.state.withLock { state in
            if state.items.isEmpty { state.since = .now }
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
            state.takenSince = state.since
            state.since = nil
            self.waiting.store(0, ordering: .relaxed)
        }
    }
}
