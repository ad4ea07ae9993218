import Bus
import HandlerContract
import Identity
import Routing

/// A session whose client is away and may come back to it, on any loop.
struct AbsentSession: Sendable {
    let pid: SessionID
    /// The endpoint that it came in by: authentication may be another elsewhere.
    let endpoint: String
    let namespace: Namespace
    let record: SessionRecord
    let state: SocketState
    let token: VerifiedToken?
    /// Whom its token named, which handlers may know by another name.
    let tokenUser: String?
    /// Requests that the client has not answered, by their ack ids.
    let requests: [UInt64: OpenRequest]
    let window: Duration
    let leftAt: ContinuousClock.Instant
    let reason: DisconnectReason
    let forgetsNamespace: Bool
    let visit: Visit

    /// What a handler is told of the time that the client was there.
    struct Visit: Sendable {
        var publicID: String
        var protocolName: String
        var transport: String
        var handshake: ClientHandshake
        var connectedAtMilliseconds: Int64
        var leftAtMilliseconds: Int64
    }

    /// About how much memory it takes.
    var bytes: Int {
        let rooms = self.record.stays.joined.reduce(0) { $0 + $1.room.utf8.count + 96 }
        let headers = (self.visit.handshake.headers + self.visit.handshake.query)
            .reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 64 }
        return 1_024 + rooms + headers + self.state.byteCount + 128 * self.requests.count
            + (self.token?.claimsJSON.count ?? 0)
    }
}

/// A question of the server that a client has open.
struct OpenRequest: Sendable {
    var collector: AckCollector
    /// The offset of the event that asked.
    var sequence: UInt64
}

/// Stands for a client that is away, when something is to be done about its socket.
final class AbsentClient: Client {
    private let visit: AbsentSession.Visit

    init(_ session: AbsentSession, on shard: Shard) {
        self.visit = session.visit
        super.init(
            shard: shard, endpointName: session.endpoint, handshake: session.visit.handshake,
            publicID: session.visit.publicID)
    }

    override var protocolName: String { self.visit.protocolName }
    override var transportName: String { self.visit.transport }
}

extension Socket {
    /// The socket of a client that is away, as it was when it left.
    convenience init(_ session: AbsentSession, on shard: Shard) {
        self.init(
            id: session.record.socketID, client: AbsentClient(session, on: shard),
            // Not opened: the namespace may be gone, and its number another's.
            namespace: shard.localNamespace(session.namespace) ?? LocalNamespace(session.namespace, shard: shard),
            auth: nil,
            connectedAtMilliseconds: session.visit.connectedAtMilliseconds)
        self.phase = .closed
        self.user = session.record.user
        self.token = session.token
        self.restore(session.state)
    }
}
