import Bus
import HandlerContract
import Routing

/// What one run leaves to the next: the logs of its namespaces, and the sessions of clients that will come back.
///
/// Everything that depends on a clock is kept as an age: the time between the two runs does not count.
struct Checkpoint: Sendable {
    var logs: [(name: String, log: NamespaceLog)]
    var sessions: [Session]

    /// An ``AbsentSession`` without what belongs to a process.
    ///
    /// Open requests are over with the process that asked, and tokens are not written to disks.
    struct Session: Sendable {
        var pid: String
        var endpoint: String
        var namespace: String
        var record: SessionRecord
        var state: [(key: String, json: [UInt8])]
        var tokenUser: String?
        var window: Duration
        /// How long the client had been away.
        var away: Duration
        var reason: DisconnectReason
        var forgetsNamespace: Bool
        var visit: AbsentSession.Visit
    }
}

extension Checkpoint.Session {
    init(_ session: AbsentSession) {
        var record = session.record
        record.unanswered = []
        self.init(
            pid: session.pid.string, endpoint: session.endpoint, namespace: session.namespace.name, record: record,
            state: session.state.entries, tokenUser: session.tokenUser, window: session.window,
            away: session.leftAt.duration(to: .now), reason: session.reason,
            forgetsNamespace: session.forgetsNamespace, visit: session.visit)
    }

    /// The session as it goes on; nil when nobody can come back to it any more.
    func session(in namespace: Namespace) -> AbsentSession? {
        guard let pid = SessionID(self.pid), self.away < self.window, namespace.isLogged else { return nil }
        var state = SocketState()
        try? state.apply(set: self.state, unset: [])
        return AbsentSession(
            pid: pid, endpoint: self.endpoint, namespace: namespace, record: self.record, state: state, token: nil,
            tokenUser: self.tokenUser, requests: [:], window: self.window, leftAt: .now - self.away,
            reason: self.reason, forgetsNamespace: self.forgetsNamespace, visit: self.visit)
    }
}
