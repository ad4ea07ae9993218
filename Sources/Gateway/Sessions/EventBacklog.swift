import EngineIO

/// Events that wait for a client that does not keep up.
///
/// A box, so that a client that keeps up carries one word of it.
final class EventBacklog<Entry> {
    var events: PendingEvents<Entry>

    init(_ policy: PendingPolicy, limit: Int) {
        self.events = PendingEvents(policy: policy, limit: limit)
    }
}

extension PendingEvents.Outcome {
    /// Counts what was dropped.
    ///
    /// Returns whether there was no room left: then its client is to be closed.
    func isFull(counting counters: inout ShardCounters) -> Bool {
        switch self {
        case .waits(let oldest, let superseded):
            counters.dropped(.oldest, count: oldest)
            counters.dropped(.superseded, count: superseded)
            return false
        case .full:
            return true
        }
    }
}
