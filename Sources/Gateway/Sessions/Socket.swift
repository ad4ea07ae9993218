import Bus
import Identity
import JSONScanner
import NIOCore
import Routing
import SocketIO

/// One client in one namespace.
final class Socket {
    enum Phase {
        /// The connect handler or the routes have not decided yet.
        case connecting
        case connected
        case closed
    }

    private(set) var id: String
    let client: Client
    let namespace: LocalNamespace
    /// Its number in the namespace's ``Membership``; given when it is added there.
    var slot: Member = 0
    var phase = Phase.connecting
    var user: String?
    /// What its verified token says.
    var token: VerifiedToken?
    /// The JSON payload of the CONNECT packet.
    let auth: [UInt8]?
    /// What handlers and routes keep with the socket.
    private(set) var state = SocketState()
    let connectedAtMilliseconds: Int64
    /// Watches the end of its authorization, where that has one.
    var expiry: TimerSlot?
    private var pendingAcks: [UInt64: OpenRequest]?
    /// What its client may come back by; `nil` where it cannot.
    var track: SessionTrack?
    /// The session that its client wants to go on with, until that is decided.
    var claim: RecoveryClaim?
    /// What it goes on with, while it is being let in.
    var resumption: Resumption?
    /// Its session goes on after its client was away.
    private(set) var isRecovered = false
    /// It is being put out: its session ends, whatever becomes of its connection.
    var isPutOut = false
    /// A handler has been asked about it.
    var isAnnounced = false

    /// The most server-to-client requests that a socket may have open.
    static let maxPendingAcks = 10_000

    init(id: String, client: Client, namespace: LocalNamespace, auth: [UInt8]?, connectedAtMilliseconds: Int64) {
        self.id = id
        self.client = client
        self.namespace = namespace
        self.auth = auth
        self.connectedAtMilliseconds = connectedAtMilliseconds
    }

    private var holdsNamespace = true

    /// The socket is through with its namespace, whether it was let in or not.
    ///
    /// Once is enough, twice does no harm.
    ///
    /// `forgetting`: whether an empty namespace may go; as the client's endpoint wants it unless said otherwise.
    func releaseNamespace(forgetting: Bool? = nil) {
        guard self.holdsNamespace else { return }
        self.holdsNamespace = false
        let registry = self.namespace.shard.core.namespaces
        registry.release(self.namespace.namespace, forgetting: forgetting ?? self.client.forgetsEmptyNamespaces)
    }

    /// The socket is the one of that id, whose client is back; before anybody knows of it.
    func resume(as id: String) {
        self.id = id
        self.isRecovered = true
    }

    /// The socket is a new one after all.
    func begin(as id: String) {
        self.id = id
        self.isRecovered = false
        self.state = SocketState()
    }

    func restore(_ state: SocketState) { self.state = state }

    /// The rooms that it is in, its own first.
    var rooms: [String] {
        [self.id] + (self.phase == .connected ? self.namespace.membership.rooms(of: self.slot) : [])
    }

    /// Returns `false` and changes nothing when the state would become too large.
    func updateState(set: [(key: String, json: [UInt8])], unset: [String]) -> Bool {
        (try? self.state.apply(set: set, unset: unset)) != nil
    }

    // MARK: - Server-to-client requests

    /// Remembers that the client is about to be asked.
    ///
    /// Returns `false` when it has too many questions open already.
    func awaitAck(_ id: UInt64, _ collector: AckCollector, sequence: UInt64) -> Bool {
        let count = self.pendingAcks?.count ?? 0
        // Requests that have timed out leave their entries; they are swept when some have come together.
        if count >= 64 { self.pendingAcks = self.pendingAcks?.filter { !$0.value.collector.isDone } }
        guard (self.pendingAcks?.count ?? 0) < Self.maxPendingAcks else { return false }
        self.pendingAcks = self.pendingAcks ?? [:]
        self.pendingAcks?[id] = OpenRequest(collector: collector, sequence: sequence)
        collector.asked(self.id)
        return true
    }

    /// The client answered; an answer that nobody waits for is ignored.
    func acknowledged(_ id: UInt64, arguments: UnsafeRawBufferPointer, attachments: [ByteBuffer]) {
        guard let collector = self.pendingAcks?.removeValue(forKey: id)?.collector else { return }
        if self.pendingAcks?.isEmpty == true { self.pendingAcks = nil }
        collector.answered(.init(socketID: self.id, arguments: Array(arguments), attachments: attachments))
    }

    /// Hands over the questions that are still open, because the client may come back and answer them.
    func takeRequests() -> [UInt64: OpenRequest] {
        defer { self.pendingAcks = nil }
        return self.pendingAcks?.filter { !$0.value.collector.isDone } ?? [:]
    }

    /// Nobody will answer any more.
    func abandonAcks() {
        guard let pending = self.pendingAcks else { return }
        self.pendingAcks = nil
        for request in pending.values { request.collector.gone(self.id) }
    }
}
