import Bus
import DequeModule
import Synchronization

/// Who holds which session: a socket of some loop, or nobody for a while.
///
/// Any thread. A session has one holder at any time: whoever takes it has it alone. Touched when clients come and go,
/// never when something is delivered.
final class SessionDirectory: Sendable {
    /// What must be true of whoever claims a session.
    struct Identity: Sendable {
        var socketID: String
        var endpoint: String
        var namespace: Namespace
        var tokenUser: String?
    }

    enum Place: Sendable {
        case live(shard: Int)
        case absent(AbsentSession, generation: UInt64)
    }

    struct Entry: Sendable {
        var identity: Identity
        var place: Place
    }

    private struct State {
        var entries: [SessionID: Entry] = [:]
        /// Absent sessions in the order in which they left; those that are taken stay until their turn.
        var left = Deque<(pid: SessionID, generation: UInt64)>()
        var generation: UInt64 = 0
        var absent = 0
        var bytes = 0
    }

    /// The most sessions that wait for their clients, and the most bytes of all of them.
    ///
    /// As many as there may be connections, so that all can be away at once.
    private let maxAbsent: Int
    private let maxBytes: Int
    private let state = Mutex(State())

    init(maxAbsent: Int, maxBytes: Int) {
        self.maxAbsent = maxAbsent
        self.maxBytes = maxBytes
    }

    func look(_ pid: SessionID) -> Entry? {
        self.state.withLock { $0.entries[pid] }
    }

    /// A socket holds the session from now on.
    func enter(_ pid: SessionID, _ identity: Identity, shard: Int) {
        self.state.withLock { state in
            _ = Self.remove(pid, &state)
            state.entries[pid] = Entry(identity: identity, place: .live(shard: shard))
        }
    }

    /// The client is away.
    ///
    /// Returns the number by which ``expire(_:generation:)`` knows this absence, and the sessions that had to make room.
    func leave(_ session: AbsentSession) -> (generation: UInt64, evicted: [AbsentSession]) {
        self.state.withLock { state in
            _ = Self.remove(session.pid, &state)
            state.generation += 1
            let identity = Identity(
                socketID: session.record.socketID, endpoint: session.endpoint, namespace: session.namespace,
                tokenUser: session.tokenUser)
            state.entries[session.pid] = Entry(
                identity: identity, place: .absent(session, generation: state.generation))
            state.left.append((session.pid, state.generation))
            state.absent += 1
            state.bytes += session.bytes
            session.namespace.sessionLeft()
            var evicted: [AbsentSession] = []
            while state.absent > self.maxAbsent || state.bytes > self.maxBytes, let oldest = state.left.popFirst() {
                if let session = Self.remove(oldest.pid, &state, generation: oldest.generation) {
                    evicted.append(session)
                }
            }
            // Of those that were taken not more than of those that wait: a walk now and then, no more than they were.
            if state.left.count > 2 * state.absent + 1_024 {
                let entries = state.entries
                state.left.removeAll { pid, generation in
                    if case .absent(_, generation)? = entries[pid]?.place { false } else { true }
                }
            }
            return (state.generation, evicted)
        }
    }

    /// Whoever calls it has the session alone; nil when nobody left it or somebody was quicker.
    func take(_ pid: SessionID) -> AbsentSession? {
        self.state.withLock { Self.remove(pid, &$0) }
    }

    /// The window of an absence has passed.
    func expire(_ pid: SessionID, generation: UInt64) -> AbsentSession? {
        self.state.withLock { Self.remove(pid, &$0, generation: generation) }
    }

    /// The session is over, whoever holds it.
    func forget(_ pid: SessionID) {
        self.state.withLock { state in
            if Self.remove(pid, &state) == nil { state.entries[pid] = nil }
        }
    }

    /// All sessions whose clients are away, in the order in which they left.
    var absent: [AbsentSession] {
        self.state.withLock { state in
            state.left.compactMap { pid, generation in
                guard case .absent(let session, generation)? = state.entries[pid]?.place else { return nil }
                return session
            }
        }
    }

    /// Removes an absent session.
    private static func remove(_ pid: SessionID, _ state: inout State, generation: UInt64? = nil) -> AbsentSession? {
        guard case .absent(let session, let own)? = state.entries[pid]?.place, generation ?? own == own else {
            return nil
        }
        state.entries[pid] = nil
        state.absent -= 1
        state.bytes -= session.bytes
        session.namespace.sessionReturned()
        return session
    }
}
