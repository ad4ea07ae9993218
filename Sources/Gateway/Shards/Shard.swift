import EngineIO
import EpollLoop
import HandlerContract
import NIOCore
import OpenSSLTLS

/// Everything that one event loop owns: its connections, sessions and sockets, and the local part of every namespace.
///
/// A turn of the loop reads what has arrived, then ``endTurn()`` runs once: the inbox is drained, open polls are answered,
/// and each connection is written once, however many events it got; what goes to many may take several turns. Touched on its
/// loop only.
final class Shard {
    let handle: ShardHandle
    let core: GatewayCore
    let loop: EpollEventLoop
    /// The configuration in force here.
    private(set) var generation: Generation
    private(set) var limits: ConnectionLimits
    let timers: TimerQueues
    /// What is read at once at most, in bytes: what a receive buffer of the kernel holds of a busy peer.
    static let receiveCapacity = 65_536
    /// All connections take turns with it, so that an idle one needs none; its bytes mean something during one read.
    let receiveBuffer: UnsafeMutableRawBufferPointer
    let compressor = Compressor()
    let deflatePool = DeflatePool()
    /// Gets what is put together there to the kernel.
    var sender: SocketSender
    /// Where the pieces of a connection's output are put together for one send.
    let gather: UnsafeMutableRawBufferPointer
    /// Where TLS connections decrypt to; made when there is one.
    private(set) lazy var tlsScratch = UnsafeMutableRawBufferPointer.allocate(
        byteCount: TLSEngine.scratchSize, alignment: 16)

    var arena = OutputArena()
    /// Messages that open polls are answered with at the end of this turn.
    var turnText = TurnText()
    /// What each connection is to be sent.
    var outputs = OutputTable<Connection>()
    var counters: ShardCounters
    /// By ``Namespace/label``.
    private(set) var namespaceCounters: [NamespaceCounters] = []
    /// Of requests that no endpoint serves.
    let unservedCounters = EndpointCounters()
    let lagProbe = LoopLagProbe()
    var handshakes: HandshakesUnderWay<Connection>
    var handshakePace = HandshakePace<Connection>()
    /// Bytes taken in or queued since memory was last looked at.
    var unsampledBytes = 0
    /// Engine.IO sessions of this loop, by sid.
    var sessions: [SessionID: EngineSession] = [:]
    /// Clients without Engine.IO.
    var plainClients: [SessionID: PlainClient] = [:]
    /// The local part of each namespace, by the namespace's index; `nil` where no socket of this loop is in it.
    var namespaces: [LocalNamespace?] = []
    /// Sockets whose clients can come back to them, by pid.
    var holders: [SessionID: Socket] = [:]
    var connections: [Connection] { self.outputs.everyone }
    var connectionCount: Int { self.outputs.count }
    var random = SystemRandomNumberGenerator()
    private var ulids = ULIDGenerator()

    private(set) var endpoints: EndpointTable
    /// What the bus has brought and how far it has been applied; see ``drainInbox()``.
    var arrivals = Arrivals()
    /// See ``endTurn()``.
    var turn = Turn()

    init(handle: ShardHandle, core: GatewayCore) {
        self.handle = handle
        self.core = core
        self.loop = handle.loop
        self.generation = core.generation
        self.limits = self.generation.limits
        self.handshakes = HandshakesUnderWay(limit: 1)
        self.counters = ShardCounters()
        self.timers = TimerQueues(loop: handle.loop)
        self.receiveBuffer = .allocate(byteCount: Self.receiveCapacity, alignment: 16)
        self.sender = SocketSender { refusal in
            // At the start one loop speaks for all.
            guard handle.index == 0 || core.isStarted else { return }
            core.logger.info("every send is a call of its own", metadata: ["reason": "\(refusal)"])
        }
        self.gather = .allocate(byteCount: 256 * 1_024, alignment: 16)
        self.endpoints = EndpointTable()
        let bound = NIOLoopBound(self, eventLoop: handle.loop)
        self.turn.end = { bound.value.endTurn() }
        self.adopt(self.generation)
    }

    /// From now on another configuration holds here; sessions keep the endpoint that they have.
    func adopt(_ generation: Generation) {
        self.generation = generation
        self.limits = generation.limits
        self.handshakes.limit = max(1, generation.configuration.limits.maxHandshakes / max(1, self.core.shards.count))
        self.counters.count(listeners: self.core.listenerNames.count)
        _ = self.namespaceCounters(of: self.core.namespaces.labels.count - 1)
        self.endpoints = EndpointTable(generation.configuration, shard: self, after: self.endpoints)
    }

    /// Of a ``Namespace/label``; a reload may have brought one that this shard has not heard of.
    func namespaceCounters(of label: Int) -> NamespaceCounters {
        while self.namespaceCounters.count <= label { self.namespaceCounters.append(NamespaceCounters()) }
        return self.namespaceCounters[label]
    }

    /// What decides about events here and now.
    var router: Router { self.generation.router }

    deinit {
        self.gather.deallocate()
        self.receiveBuffer.deallocate()
    }

    /// An id that sorts by time.
    func nextULID() -> ULID {
        self.ulids.next(at: Timestamp(milliseconds: WallClock.milliseconds()), using: &self.random)
    }

    // MARK: - What lives here

    func localNamespace(_ namespace: Namespace) -> LocalNamespace? {
        guard namespace.index < self.namespaces.count, let local = self.namespaces[namespace.index],
            local.namespace === namespace
        else { return nil }
        return local
    }

    /// The local part of a namespace, made when its first socket arrives.
    func openNamespace(_ namespace: Namespace) -> LocalNamespace {
        while self.namespaces.count <= namespace.index { self.namespaces.append(nil) }
        // An index is used again after its namespace is gone; what is left of that one has no sockets.
        if let local = self.localNamespace(namespace) { return local }
        let local = LocalNamespace(namespace, shard: self)
        self.namespaces[namespace.index] = local
        return local
    }

    /// Ends every session by closing its transport, so that clients come back, here or elsewhere.
    func closeSessions() {
        for session in Array(self.sessions.values) { session.close(.serverShuttingDown) }
        for client in Array(self.plainClients.values) { client.close(.shuttingDown) }
    }

    /// Ends the connections that wait for a request.
    func closeIdleConnections(_ audience: ListenerContext.Audience) {
        for connection in self.connections where connection.listener.audience == audience {
            connection.closeIfIdle()
        }
    }

    /// Everybody whom a drain has to close.
    var drainMembers: [DrainMember] {
        self.sessions.keys.map { .session($0) } + self.plainClients.keys.map { .plainClient($0) }
    }

    /// Closes one of ``drainMembers``, if it is still there.
    func close(_ member: DrainMember) {
        switch member {
        case .session(let id): self.sessions[id]?.close(.serverShuttingDown)
        case .plainClient(let id): self.plainClients[id]?.close(.shuttingDown)
        }
    }

    /// Connections, but for those of operators.
    var clientConnectionCount: Int { self.connections.count { $0.listener.audience == .clients } }

    var isDraining: Bool { self.core.isDraining }

    /// For the arguments of an ack.
    var ackBuffer = SpareBuffer()
    /// For the answer to a poll, until it has been copied to where it leaves from.
    var payloadBuffer = SpareBuffer()
    /// For the TLS records of a turn.
    var recordBuffer = SpareBuffer()
    private var messageBuffer = SpareBuffer()

    /// Gives `body` a copy of a message that it may keep; the memory serves again unless it does.
    func withMessage(_ bytes: UnsafeRawBufferPointer, _ body: (ByteBuffer) -> Void) {
        var buffer = self.messageBuffer.take()
        buffer.writeBytes(bytes)
        body(buffer)
        self.messageBuffer.giveBack(buffer)
    }

    func connectionAdded(_ connection: Connection) -> OutputRowID { self.outputs.add(connection) }

    func connectionClosed(_ row: OutputRowID) {
        guard self.outputs.remove(row) else { return }
        if self.outputs.hasDirty { self.turnNeeded() }
    }
}
