import Synchronization

/// The ids of events that were published in the last five minutes, so that a repeated command is carried out once.
///
/// Two generations of a set: what is older than the window and not yet forgotten is remembered a little longer, never
/// shorter. Full generations are dropped early rather than growing without a bound.
final class RecentIDs: Sendable {
    private static let window: Duration = .seconds(300)
    /// The most ids of one generation: at 40 bytes each, 40 MiB at worst.
    private static let capacity = 500_000

    private struct State {
        var current: Set<String> = []
        var previous: Set<String> = []
        var began: ContinuousClock.Instant?
    }

    private let state = Mutex(State())

    /// Returns `false` when the id has been seen.
    func insert(_ id: String, now: ContinuousClock.Instant) -> Bool {
        self.state.withLock { state in
            let isOld = state.began.map { $0.duration(to: now) > Self.window } ?? false
            if isOld || state.current.count >= Self.capacity {
                state.previous = state.current
                state.current = []
                state.began = now
            }
            if state.began == nil { state.began = now }
            guard !state.previous.contains(id) else { return false }
            return state.current.insert(id).inserted
        }
    }
}
