import Bus
import EngineIO
import HandlerContract
import NIOCore

/// A client without Engine.IO: one socket, in one namespace, let in or refused by the answer to its first request.
class PlainClient: Client {
    let endpoint: PlainEndpoint
    /// Names it on its shard.
    let id: SessionID
    private(set) var socket: Socket?
    /// The request that waits to be let in.
    private var entrance: HTTPExchange?
    /// It has been let in.
    private(set) var isOpen = false
    private(set) var isOver = false
    private var budget: MessageBudget
    /// What waits while the client is behind; `nil` as long as it keeps up.
    var backlog: EventBacklog<PendingPacket>?
    /// What it is told of the time before it came.
    var past = Past.unknown
    /// Where it begins; known in namespaces that have a log.
    var beginning: Offset?
    /// The rooms that it is put in whenever it comes in, as long as it is being let in.
    var givenRooms: [String] = []
    /// Whether its position says all of it; `nil` where nobody can come back.
    var restorable: RestorableRooms?

    init(endpoint: PlainEndpoint, handshake: ClientHandshake) {
        self.endpoint = endpoint
        self.id = SessionID(shard: endpoint.shard.handle.index, using: &endpoint.shard.random)
        self.budget = MessageBudget(perSecond: endpoint.shard.limits.messagesPerSecond, now: .now)
        super.init(shard: endpoint.shard, endpointName: endpoint.name, handshake: handshake)
    }

    /// How it is counted.
    var transport: EndpointCounters.SessionTransport { .websocket }
    override var transportName: String { self.transport.rawValue }

    // MARK: - Coming

    /// Asks to be let in.
    ///
    /// The session has been counted already; the exchange is answered, or its connection taken, when it is decided.
    final func enter(by exchange: HTTPExchange) {
        self.shard.plainClients[self.id] = self
        // The configuration makes sure that there is one, by name.
        guard case .name(let name)? = self.endpoint.namespaces.first,
            let namespace = self.shard.core.namespaces.resolve(name, rules: self.endpoint.namespaces)
        else {
            self.endpoint.respond(exchange, HTTPResponse(404))
            return self.end(.forcedServerClose)
        }
        self.entrance = exchange
        exchange.onAbort = { [self] in self.end(.transportClose) }
        let socket = Socket(
            id: SessionID(shard: self.shard.handle.index, using: &self.shard.random).string, client: self,
            namespace: self.shard.openNamespace(namespace), auth: nil,
            connectedAtMilliseconds: WallClock.milliseconds())
        self.socket = socket
        self.authenticate(socket, for: self.endpoint)
    }

    override func resume(_ socket: Socket, in rooms: () -> [String], _ admit: @escaping () -> Void) {
        if self.canComeBack(to: socket.namespace.namespace) { self.givenRooms = rooms() }
        guard let offset = self.claimedOffset else { return admit() }
        self.resume(socket, from: offset, in: self.givenRooms, admit)
    }

    override func connectDecided(_ socket: Socket, _ decision: ConnectDecision) {
        if case .accept = decision { self.noteBeginning(of: socket) }
        guard socket === self.socket, socket.phase == .connecting, let exchange = self.entrance.take() else { return }
        let counters = socket.namespace.counters
        switch decision {
        case .accept:
            socket.phase = .connected
            socket.namespace.add(socket)
            self.watchRooms(of: socket)
            self.rejoin(socket)
            counters.connectsAccepted &+= 1
            self.isOpen = true
            self.endpoint.counters.sessionOpened(self.transport)
            self.opened(by: exchange)
        case .refuse(let message, let data):
            counters.connectsRefused &+= 1
            // Without a good token nobody knows who it is; with one, it is not for them.
            let isUnknown = self.endpoint.authenticator != nil && socket.token == nil
            let refusal = ConnectAnswer.Refusal(message: message, data: data)
            var response = HTTPResponse(isUnknown ? 401 : 403, json: refusal.json, closes: true)
            if isUnknown { response.headers.append(("www-authenticate", "Bearer")) }
            self.endpoint.respond(exchange, response)
            self.end(.forcedServerClose)
        case .tryLater:
            counters.connectsPostponed &+= 1
            self.refuseForNow(exchange)
        }
    }

    private func refuseForNow(_ exchange: HTTPExchange) {
        self.endpoint.respond(exchange, HTTPResponse(503, headers: [("retry-after", "1")], closes: true))
        self.end(.forcedServerClose)
    }

    /// It has been let in: its transport begins with this exchange.
    func opened(by exchange: HTTPExchange) {}

    /// The last offset that the client has seen, as it says; `nil`: it comes for the first time.
    var claimedOffset: String? { nil }

    override func joined(_ room: String, at position: UInt64) {
        guard let spoilt = self.restorable?.join(room, at: position), let socket = self.socket else { return }
        socket.namespace.namespace.spoil(spoilt, of: socket.user)
        self.offsetsEnded()
    }

    override func named(at position: UInt64) {
        // Where users are not known, others could hardly ever come back; that it may be missed is what everybody is told.
        guard let socket = self.socket, let user = socket.user, let spoilt = self.restorable?.named(at: position) else {
            return
        }
        socket.namespace.namespace.spoil(spoilt, of: user)
    }

    override func left(_ room: String, at position: UInt64) {
        if self.restorable?.leave(room, at: position) == true { self.offsetsBegan(after: position) }
    }

    /// It is told no offsets any more, until ``offsetsBegan(after:)``.
    func offsetsEnded() {}

    /// It has, or will have, everything up to this position, and is told offsets again.
    func offsetsBegan(after position: UInt64) {}

    // MARK: - What it says

    /// Whether it may send one more message; one that does not stop is closed.
    func isWithinRate() -> Bool {
        switch self.budget.take(now: { .now }) {
        case .allowed:
            return true
        case .pause:
            self.throttle(for: MessageBudget.pause)
            return true
        case .close:
            self.shard.counters.rateLimited &+= 1
            self.close(.rateLimited)
            return false
        }
    }

    // MARK: - Leaving

    /// Ends the transport with a last word, and the client with it.
    final func close(_ farewell: Farewell) {
        guard !self.isOver else { return }
        if let entrance = self.entrance.take() { return self.refuseForNow(entrance) }
        let lingers = self.lingers(after: farewell)
        self.say(farewell)
        guard lingers else { return self.end(farewell.closeReason, farewell.disconnectReason) }
        self.leave(farewell.disconnectReason)
    }

    /// The last word of the transport.
    func say(_ farewell: Farewell) {}

    /// Whether it keeps its place after its socket has left, because its last word has yet to reach it; it is to
    /// ``end(_:_:)`` by itself.
    func lingers(after farewell: Farewell) -> Bool { false }

    /// Bytes that it keeps for its client, apart from what its connections hold.
    var heldBytes: Int { self.backlog?.events.bytes ?? 0 }

    /// The client is gone.
    ///
    /// Nothing comes after it.
    func end(_ reason: CloseReason, _ better: DisconnectReason? = nil) {
        guard !self.isOver else { return }
        self.isOver = true
        self.entrance = nil
        self.backlog = nil
        self.shard.plainClients[self.id] = nil
        self.shard.core.sessionClosed()
        if self.isOpen { self.endpoint.counters.sessionClosed(self.transport, reason) }
        self.leave(better ?? DisconnectReason(reason))
    }

    /// Its socket leaves the namespace.
    private func leave(_ reason: DisconnectReason) {
        guard let socket = self.socket.take() else { return }
        let wasConnected = socket.phase == .connected
        let rooms = socket.rooms
        socket.phase = .closed
        socket.abandonAcks()
        socket.expiry?.cancelAll()
        if let id = SessionID(socket.id) { self.shard.core.namespaces.places.forget(id) }
        defer { socket.releaseNamespace() }
        guard wasConnected else { return }
        socket.namespace.remove(socket)
        socket.namespace.counters.disconnected(reason)
        self.shard.router.disconnected(socket, rooms: rooms, reason: reason)
    }

    /// Ends it because what waits for it has become too much.
    final func closeSlow() {
        guard !self.isOver else { return }
        self.shard.counters.slowConsumersClosed &+= 1
        self.close(.slow)
    }

    override func disconnect(_ socket: Socket, closesTransport: Bool) { self.close(.goodbye) }

    override func kick(reason: String?) { self.close(.comeBack(reason)) }
}

/// Why a plain client is sent away.
enum Farewell {
    /// It is not wanted any more.
    case goodbye
    /// It may come back at once; `reason` is what the action says.
    case comeBack(String?)
    case shuttingDown
    case rateLimited
    case pingTimeout
    /// It does not read what it is sent.
    case slow
    /// It broke the rules.
    case violation(code: UInt16, reason: String)

    var closeReason: CloseReason {
        switch self {
        case .goodbye, .comeBack: .forcedServerClose
        case .shuttingDown: .serverShuttingDown
        case .rateLimited: .forcedClose
        case .pingTimeout: .pingTimeout
        case .slow: .transportError
        case .violation: .parseError
        }
    }

    var disconnectReason: DisconnectReason {
        switch self {
        case .comeBack(let reason): reason.flatMap(DisconnectReason.init(rawValue:)) ?? .server
        case .rateLimited: .rateLimited
        case .slow: .slow
        default: DisconnectReason(self.closeReason)
        }
    }
}
