import EngineIO
import HandlerContract
import NIOCore
import Routing

/// An Engine.IO client without Socket.IO: its messages have no names, and it is in one namespace from the start.
final class RawEngineClient: EngineClient {
    private let endpoint: EngineEndpoint
    private let revision: EngineIO.ProtocolRevision
    private var socket: Socket?

    init(endpoint: EngineEndpoint, revision: EngineIO.ProtocolRevision, handshake: ClientHandshake) {
        self.endpoint = endpoint
        self.revision = revision
        super.init(shard: endpoint.shard, endpointName: endpoint.name, handshake: handshake)
    }

    override var connectedSockets: [Socket] { self.socket.map { $0.phase == .connected ? [$0] : [] } ?? [] }
    override var protocolName: String { "engine.io" }
    override var forgetsEmptyNamespaces: Bool { self.endpoint.options.cleanupEmptyChildNamespaces }

    override func opened() {
        // The first namespace of the endpoint; the configuration makes sure that there is one, by name.
        guard case .name(let name)? = self.endpoint.namespaces.first,
            let namespace = self.shard.core.namespaces.resolve(name, rules: self.endpoint.namespaces)
        else {
            self.session?.close(.forcedServerClose)
            return
        }
        let socket = Socket(
            id: SessionID(shard: self.shard.handle.index, using: &self.shard.random).string, client: self,
            namespace: self.shard.openNamespace(namespace), auth: nil,
            connectedAtMilliseconds: WallClock.milliseconds())
        self.socket = socket
        self.shard.router.connect(socket, auth: self.endpoint.options.auth)
    }

    override func connectDecided(_ socket: Socket, _ decision: ConnectDecision) {
        guard socket === self.socket, socket.phase == .connecting else { return }
        switch decision {
        case .accept:
            socket.phase = .connected
            socket.namespace.add(socket)
            socket.namespace.counters.connectsAccepted &+= 1
        case .refuse:
            socket.namespace.counters.connectsRefused &+= 1
            self.session?.close(.forcedServerClose)
        case .tryLater:
            socket.namespace.counters.connectsPostponed &+= 1
            self.session?.close(.forcedServerClose)
        }
    }

    override func received(text: UnsafeRawBufferPointer) {
        guard let socket = self.socket, socket.phase == .connected else { return }
        self.shard.withMessage(text) { self.shard.router.message(.text($0), of: socket) }
    }

    override func received(binary: UnsafeRawBufferPointer) {
        guard let socket = self.socket, socket.phase == .connected else { return }
        self.shard.withMessage(binary) { self.shard.router.message(.binary($0), of: socket) }
    }

    override func deliver(_ broadcast: Broadcast, _ form: inout SharedForm, to socket: Socket) {
        guard let entry = form.entry(.engineIO(self.revision, for: broadcast), deflate: self.session?.sharedDeflate)
        else { return }
        self.session?.deliver(entry, of: broadcast)
    }

    override func send(_ message: MessageValue, to socket: Socket) -> Bool {
        // Where events may be dropped for a client that is behind, so may this.
        guard case .text(let text) = message, let session = self.session, self.endpoint.slowConsumer == nil else {
            return false
        }
        socket.namespace.counters.fanoutDeliveries &+= 1
        session.sendMessage { $0.writeImmutableBuffer(text) }
        return true
    }

    override func offerLane(for socket: Socket) -> LaneOffer? {
        self.revision == .four ? self.session?.offerLane(.engineIO) : nil
    }

    override func disconnect(_ socket: Socket, closesTransport: Bool) {
        self.session?.close(.forcedServerClose)
    }

    override func sessionEnded(_ reason: CloseReason) {
        guard let socket = self.socket.take() else { return }
        let wasConnected = socket.phase == .connected
        let rooms = socket.rooms
        socket.phase = .closed
        socket.expiry?.cancelAll()
        defer { socket.releaseNamespace() }
        guard wasConnected else { return }
        socket.namespace.remove(socket)
        let reason = self.closedFor ?? DisconnectReason(reason)
        socket.namespace.counters.disconnected(reason)
        self.shard.router.disconnected(socket, rooms: rooms, reason: reason)
    }
}
