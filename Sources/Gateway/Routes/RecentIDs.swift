import Bus
import Synchronization

/// The ids of events that were published in the last five minutes, so that a repeated command is carried out once.
///
/// Two generations of a set: what is older than the window and not yet forgotten is remembered a little longer, never
/// shorter. Full generations are dropped early rather than growing without a bound.
final class RecentIDs: Sendable {
    private static let window: Duration = .seconds(300)
    /// The most ids of one generation: at some 200 bytes each, two generations are 200 MB at worst.
    private static let capacity = 500_000

    private struct Key: Hashable {
        var namespace: ExactName
        var id: ChosenID
    }

    private struct State {
        var current: Set<Key> = []
        var previous: Set<Key> = []
        var began: ContinuousClock.Instant?
    }

    private let state = Mutex(State())

    /// Returns `false` when the id has been seen.
    func insert(_ id: String, in namespace: String, now: ContinuousClock.Instant) -> Bool {
        let id = Key(namespace: ExactName(namespace), id: ChosenID(id))
        return self.state.withLock { state in
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
