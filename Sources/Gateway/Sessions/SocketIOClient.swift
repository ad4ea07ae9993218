import Bus
import EngineIO
import HandlerContract
import Identity
import NIOCore
import SocketIO

/// A Socket.IO client: decodes its packets, and keeps one socket for each namespace that it is in.
final class SocketIOClient: EngineClient {
    /// How long the attachments of a packet may take to arrive.
    private static let attachmentTimeout: Duration = .seconds(20)

    /// The most bytes of a CONNECT payload: it is kept as long as the socket is.
    ///
    /// Tokens are a few hundred.
    private static let maxAuthBytes = 16_384

    private enum Timer: UInt32 { case connect, attachments }

    let endpoint: EngineEndpoint
    private let revision: SocketIO.ProtocolRevision
    // Neither calls anybody; see ``EngineSession/machine``.
    @exclusivity(unchecked) private var decoder: PacketDecoder
    @exclusivity(unchecked) private var connections = NamespaceConnections()
    /// By the index that ``connections`` gives.
    private var sockets: [Socket?] = []
    /// Counts packets with attachments, so that a timer can tell whether the one that it watches is through.
    private var assemblies: UInt32 = 0
    private var isOver = false
    /// The whole connection is being closed for good: its other sockets end as well.
    private var endsForGood = false
    /// How long the client may be away and come back; nil when it cannot, or does not want to.
    let recoveryWindow: Duration?
    private var timerSlot: TimerSlot?

    init(endpoint: EngineEndpoint, revision: SocketIO.ProtocolRevision, handshake: ClientHandshake) {
        self.endpoint = endpoint
        self.revision = revision
        self.decoder = PacketDecoder(
            limits: PacketDecoder.Limits(
                maxAttachments: endpoint.options.maxAttachments,
                maxPacketBytes: endpoint.options.maxHttpBufferSize),
            revision: revision)
        // For clients that cannot cope with one argument more. Those of Socket.IO 2 know nothing of it.
        let isWanted = handshake.query.first { $0.name == "recovery" }?.value != "false"
        self.recoveryWindow = isWanted && revision == .five ? endpoint.options.recoveryWindow : nil
        super.init(shard: endpoint.shard, endpointName: endpoint.name, handshake: handshake)
    }

    override var protocolName: String { "socket.io" }
    override var acknowledges: Bool { true }
    override var heldBytes: Int { self.decoder.heldBytes }
    override var connectTimeout: Duration { self.endpoint.options.connectTimeout }
    override var forgetsEmptyNamespaces: Bool { self.endpoint.options.cleanupEmptyChildNamespaces }

    override func opened() {
        self.schedule(after: self.endpoint.options.connectTimeout, token: Timer.connect.rawValue)
        if self.revision == .four { self.connect(UnsafeRawBufferPointer(start: nil, count: 0), auth: nil) }
    }

    private func schedule(after delay: Duration, token: UInt32) {
        let slot = self.timerSlot ?? TimerSlot()
        slot.set(self)
        self.timerSlot = slot
        self.shard.timers.schedule(after: delay, slot: slot, token: token)
    }

    /// Nothing is waited for: an idle client holds no timer.
    private func dropTimers() {
        guard let slot = self.timerSlot, !self.decoder.isAwaitingAttachments else { return }
        slot.cancelAll()
        self.timerSlot = nil
    }

    // MARK: - Packets from the client

    override func received(text: UnsafeRawBufferPointer) {
        do {
            let packet = try self.decoder.decode(text: text, mayAwaitAttachments: self.connections.isAnyConnected)
            guard let packet else { return self.awaitAttachments() }
            self.received(packet)
        } catch {
            self.fail(error)
        }
    }

    override func received(binary: UnsafeRawBufferPointer) {
        do {
            guard let packet = try self.decoder.decode(binary: binary) else { return }
            self.assemblies &+= 1
            self.received(packet)
            self.decoder.releaseLastPacket()
            if self.connections.hasEverConnected { self.dropTimers() }
        } catch {
            self.fail(error)
        }
    }

    private func awaitAttachments() {
        self.assemblies &+= 1
        // Two low bits name the timer, the rest the packet.
        self.schedule(after: Self.attachmentTimeout, token: self.assemblies << 2 | Timer.attachments.rawValue)
    }

    private func fail(_ error: PacketError) {
        self.shard.counters.parseErrorsSocketIO &+= 1
        self.shard.core.logger.debug("client closed: \(error.reason)", metadata: ["client": "\(self.publicID)"])
        self.session?.close(.parseError)
    }

    private func received(_ packet: Packet) {
        switch packet.kind {
        case .connect:
            self.connect(packet.namespace, auth: self.auth(of: packet))
        case .disconnect:
            switch self.connections.receiveDisconnect(namespace: packet.namespace) {
            case .deliver(let index): self.close(index, .client, isFinal: true)
            case .ignore: break
            case .close: self.session?.close(.parseError)
            }
        case .event, .ack:
            switch self.connections.receivePacket(namespace: packet.namespace) {
            case .deliver(let index):
                guard let socket = self.sockets[index] else { return }
                if packet.kind == .event {
                    self.shard.router.event(packet, of: socket)
                } else if let id = packet.ackID {
                    let arguments = UnsafeRawBufferPointer(rebasing: packet.payload[packet.ackArguments])
                    socket.acknowledged(id, arguments: arguments, attachments: packet.attachments)
                }
            case .ignore: break
            case .close: self.session?.close(.parseError)
            }
        }
    }

    // MARK: - Entering and leaving

    /// The JSON that came with a CONNECT, be it as its payload or as the query of its namespace.
    private func auth(of packet: Packet) -> [UInt8]? {
        guard !packet.payload.isEmpty else { return nil }
        guard self.revision == .four, packet.payload.count <= Self.maxAuthBytes else { return Array(packet.payload) }
        return ConnectQuery.json(packet.payload)
    }

    /// - Parameter path: the namespace, empty for the root.
    private func connect(_ path: UnsafeRawBufferPointer, auth: [UInt8]?) {
        switch self.connections.receiveConnect(namespace: path) {
        case .duplicate, .tooMany:
            self.session?.close(.parseError)
        case .proceed(let index):
            let name = path.isEmpty ? "/" : String(decoding: path, as: UTF8.self)
            guard auth?.count ?? 0 <= Self.maxAuthBytes else {
                _ = self.connections.connectRefused(index)
                return self.sendConnectError(name, "Payload too large", nil)
            }
            guard let place = self.shard.core.namespaces.place(of: name, rules: self.endpoint.namespaces) else {
                return self.refuseName(name, index)
            }
            // Namespaces are opened for those only who are known: names are for anybody to make up.
            self.identify(by: auth, for: self.endpoint) { [self] verdict in
                guard !self.isOver else { return }
                switch verdict {
                case .success(let owner): self.enter(place, index, auth: auth, owner)
                case .failure(let error): self.turnAway(place, index, auth: auth, error)
                }
            }
        }
    }

    private func refuseName(_ name: String, _ index: Int) {
        _ = self.connections.connectRefused(index)
        self.shard.counters.connectsInvalid &+= 1
        self.sendConnectError(name, "Invalid namespace", nil)
    }

    private func enter(_ place: NamespaceRegistry.Place, _ index: Int, auth: [UInt8]?, _ owner: SocketOwner) {
        guard let namespace = self.shard.core.namespaces.open(place) else { return self.refuseName(place.name, index) }
        let socket = Socket(
            id: self.socketID(in: place.name), client: self, namespace: self.shard.openNamespace(namespace),
            auth: auth, connectedAtMilliseconds: WallClock.milliseconds())
        socket.claim = self.claim(in: auth)
        while self.sockets.count <= index { self.sockets.append(nil) }
        self.sockets[index] = socket
        self.enter(socket, of: owner, by: self.endpoint)
    }

    private func claim(in auth: [UInt8]?) -> RecoveryClaim? {
        self.recoveryWindow == nil ? nil : auth.flatMap(RecoveryClaim.init)
    }

    /// Nobody knows who it is: it is refused before there is a socket.
    private func turnAway(_ place: NamespaceRegistry.Place, _ index: Int, auth: [UInt8]?, _ error: TokenError) {
        self.shard.counters.authFailed(error)
        let counters = self.shard.namespaceCounters(of: self.shard.core.namespaces.label(of: place))
        guard !error.isTemporary else {
            counters.connectsPostponed &+= 1
            self.session?.close(.forcedServerClose)
            return
        }
        guard self.connections.connectRefused(index) else { return }
        counters.connectsRefused &+= 1
        if let claim = self.claim(in: auth) {
            counters.recovery(.refused)
            self.destroy(claim.pid)
        }
        self.sendConnectError(place.name, TokenError.clientMessage, nil)
    }

    /// A client of Socket.IO 2 is not told the id: it works it out from the session's.
    private func socketID(in namespace: String) -> String {
        guard self.revision == .four, let session = self.session?.id.string else {
            return SessionID(shard: self.shard.handle.index, using: &self.shard.random).string
        }
        return namespace == "/" ? session : "\(namespace)#\(session)"
    }

    override var connectedSockets: [Socket] { self.sockets.compactMap { $0 }.filter { $0.phase == .connected } }

    override func connectDecided(_ socket: Socket, _ decision: ConnectDecision) {
        guard !self.isOver, let index = self.index(of: socket), socket.phase == .connecting else { return }
        let namespace = socket.namespace.namespace.name
        switch decision {
        case .accept:
            guard self.connections.connectAccepted(index) else { return }
            self.dropTimers()
            self.beginTrack(of: socket)
            // What was still to be applied may have ended the client.
            guard self.sockets[index] === socket else {
                if let track = socket.track { self.end(track, of: socket) }
                return
            }
            socket.phase = .connected
            socket.namespace.add(socket)
            socket.namespace.counters.connectsAccepted &+= 1
            self.session?.sendMessage {
                PacketEncoder.connectReply(
                    namespace: namespace, sid: socket.id, pid: socket.track?.pid.string, revision: self.revision,
                    into: &$0)
            }
            guard let resumption = socket.resumption.take() else { return }
            socket.namespace.rejoin(resumption.recovery.record.stays.rooms, socket)
            self.replay(resumption, to: socket)
        case .refuse(let message, let data):
            guard self.connections.connectRefused(index) else { return }
            socket.phase = .closed
            self.sockets[index] = nil
            socket.releaseNamespace()
            socket.namespace.counters.connectsRefused &+= 1
            if let claim = socket.claim {
                socket.namespace.counters.recovery(.refused)
                self.destroy(claim.pid)
            }
            self.sendConnectError(namespace, message, data)
        case .tryLater:
            socket.namespace.counters.connectsPostponed &+= 1
            self.session?.close(.forcedServerClose)
        }
    }

    override func considerClaim(of socket: Socket) {
        if let claim = socket.claim { self.consider(claim, of: socket) }
    }

    override func takeOver(
        _ socket: Socket, _ claim: RecoveryClaim, _ done: @escaping (TakeOver) -> Void
    ) {
        self.takeOver(socket, claim, attempt: 1, done)
    }

    private func sendConnectError(_ namespace: String, _ message: String, _ data: [UInt8]?) {
        self.session?.sendMessage {
            PacketEncoder.connectError(
                namespace: namespace, message: message, data: data, revision: self.revision, into: &$0)
        }
    }

    private func index(of socket: Socket) -> Int? {
        self.sockets.firstIndex { $0 === socket }
    }

    /// The socket is gone, whoever wanted it.
    ///
    /// `isFinal`: it shall not come back to its session.
    private func close(_ index: Int, _ reason: DisconnectReason, isFinal: Bool) {
        guard let socket = self.sockets[index] else { return }
        // What it was told last may have been one byte too many for its transport.
        let isFinal = isFinal || socket.isPutOut
        let reason = socket.isPutOut ? .server : reason
        let mayComeBack =
            !isFinal && socket.phase == .connected && socket.track != nil && self.shard.core.keepsSessions
        let position = mayComeBack ? socket.namespace.settle() : 0
        // Something that was still to be applied may have closed it already.
        guard self.sockets[index] === socket else { return }
        self.sockets[index] = nil
        let wasConnected = socket.phase == .connected
        let rooms = socket.rooms
        socket.phase = .closed
        socket.expiry?.cancelAll()
        if wasConnected {
            socket.namespace.remove(socket)
            socket.namespace.counters.disconnected(reason)
        }
        if mayComeBack, let track = socket.track {
            self.leave(socket, track, position: position, reason)
            socket.releaseNamespace(forgetting: false)
            return self.shard.router.left(socket, rooms: rooms, reason: reason)
        }
        if let track = socket.track { self.end(track, of: socket) }
        socket.abandonAcks()
        defer { socket.releaseNamespace() }
        guard wasConnected else { return }
        self.shard.router.disconnected(socket, rooms: rooms, reason: reason)
    }

    override func disconnect(_ socket: Socket, closesTransport: Bool) {
        // First of all: the connection may break under the last word, and nobody is to come back by that.
        if closesTransport { self.endsForGood = true }
        if let index = self.index(of: socket), self.connections.disconnectedByServer(index) {
            socket.isPutOut = true
            let namespace = socket.namespace.namespace.name
            self.session?.sendMessage { PacketEncoder.disconnect(namespace: namespace, into: &$0) }
            self.close(index, .server, isFinal: true)
        }
        if closesTransport { self.session?.close(.forcedServerClose) }
    }

    override func sessionEnded(_ reason: CloseReason) {
        self.isOver = true
        self.timerSlot?.cancelAll()
        self.timerSlot = nil
        let reason = self.closedFor ?? DisconnectReason(reason)
        let isFinal = self.endsForGood || reason == .tokenExpired
        for index in self.sockets.indices { self.close(index, reason, isFinal: isFinal) }
    }

    // MARK: - Packets to the client

    override func deliver(_ broadcast: Broadcast, _ form: inout SharedForm, to socket: Socket) {
        if broadcast.volatile, let reason = self.session?.dropsVolatile {
            return self.shard.counters.dropped(reason)
        }
        guard let entry = self.form(of: broadcast, &form, for: socket) else { return }
        self.session?.deliver(entry, of: broadcast)
    }

    override func offerLane(for socket: Socket) -> LaneOffer? {
        guard self.revision == .five else { return nil }
        return self.session?.offerLane(socket.track == nil ? .socketIO : .socketIORecoverable)
    }

    /// The bytes of an event for a socket: with an offset for those that can come back.
    private func form(of broadcast: Broadcast, _ form: inout SharedForm, for socket: Socket) -> SharedForm.Entry? {
        let deflate = self.session?.sharedDeflate
        // Behind an ack id the callback must stay the last argument.
        guard let track = socket.track, broadcast.ackID == nil else {
            return form.entry(.socketIO(self.revision, for: broadcast), deflate: deflate)
        }
        if let dialect = broadcast.dialect(for: .socketIORecoverable) {
            if let logged = broadcast.loggedSequence { track.sent = logged }
            return form.entry(dialect, deflate: deflate)
        }
        // The client takes a string at the end for its position.
        return form.entry(
            at: Offset(epoch: socket.namespace.namespace.epoch, sequence: socket.namespace.lastSent(to: socket)))
    }

    override func acknowledge(_ id: UInt64, _ arguments: ByteBuffer, attachments: [ByteBuffer], socket: Socket) {
        guard socket.phase == .connected else { return }
        let namespace = socket.namespace.namespace.name
        self.session?.sendMessage { buffer in
            arguments.withUnsafeReadableBytes {
                PacketEncoder.ack(
                    namespace: namespace, id: id, arguments: $0, attachmentCount: attachments.count, into: &buffer)
            }
        }
        self.session?.together {
            for attachment in attachments {
                self.session?.send(.binary(attachment, for: self.revision == .four ? .three : .four))
            }
        }
    }
}

extension SocketIOClient: TimerTarget {
    func timerFired(token: UInt32, now: ContinuousClock.Instant) {
        guard !self.isOver else { return }
        switch Timer(rawValue: token & 3) {
        case .connect:
            // In no namespace, or still waiting to be let into one: the client comes back by itself.
            if !self.connections.hasEverConnected { self.session?.close(.forcedServerClose) }
        case .attachments:
            guard token >> 2 == self.assemblies & 0x3fff_ffff, self.decoder.isAwaitingAttachments else { return }
            // They may lie unread, because we do not read.
            guard !self.isReadingPaused else { return self.schedule(after: Self.attachmentTimeout, token: token) }
            self.session?.close(.parseError)
        case nil:
            break
        }
    }
}

extension DisconnectReason {
    /// The handler contract's word for the end of a session.
    init(_ reason: CloseReason) {
        self =
            switch reason {
            case .transportClose: .transportClose
            case .transportError: .transportError
            case .pingTimeout: .pingTimeout
            case .parseError: .parseError
            case .forcedClose, .forcedServerClose: .server
            case .serverShuttingDown: .drain
            }
    }
}
