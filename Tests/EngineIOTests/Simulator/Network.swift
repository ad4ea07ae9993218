/// One request and its answer, on a connection of its own that may be cut.
final class Exchange {
    enum Kind { case poll, post }

    let id: Int
    let kind: Kind
    let body: [String]
    /// A copy that some proxy made: nobody waits for its answer.
    let isCopy: Bool
    var isCut = false
    var hasArrived = false
    var answers = 0
    /// The server has seen the connection close.
    var isLostToServer = false

    init(id: Int, kind: Kind, body: [String] = [], isCopy: Bool = false) {
        self.id = id
        self.kind = kind
        self.body = body
        self.isCopy = isCopy
    }
}

enum Frame {
    case text(String), binary(String)
}

/// Two streams in order, which may be cut.
final class Wire {
    let id: Int
    var isCut = false
    /// Each side has closed, or has seen the other close.
    var isOverAtServer = false
    var isOverAtClient = false
    /// When the last frame of each direction arrives.
    var toServer = 0
    var toClient = 0
    /// The server closed it after everything it had to say.
    var isFinished = false

    init(id: Int) { self.id = id }
}

/// Carries requests, answers and frames; late, never, or twice.
final class Network {
    let world: World
    unowned let server: SimulatedServer
    unowned let client: SimulatedClient
    private(set) var exchanges: [Exchange] = []
    private var wires = 0
    /// Faults happen one in so many times; 0: never.
    var faults: UInt64

    init(world: World, server: SimulatedServer, client: SimulatedClient, faults: UInt64) {
        self.world = world
        self.server = server
        self.client = client
        self.faults = faults
    }

    private func misfortune() -> Bool { faults > 0 && world.random.oneIn(faults) }

    /// The handshake has arrived already: the session exists because of it.
    func handshake() -> Exchange {
        let exchange = Exchange(id: 0, kind: .poll)
        exchange.hasArrived = true
        exchanges.append(exchange)
        return exchange
    }

    @discardableResult
    func request(_ kind: Exchange.Kind, _ body: [String] = [], isCopy: Bool = false) -> Exchange {
        let exchange = Exchange(id: exchanges.count, kind: kind, body: body, isCopy: isCopy)
        exchanges.append(exchange)
        if misfortune() { world.after(world.random.below(150)) { self.cut(exchange) } }
        world.after(world.latency()) {
            guard !exchange.isCut else { return }
            exchange.hasArrived = true
            self.server.requestArrived(exchange)
            guard kind == .post else { return }
            if self.misfortune() { return self.cut(exchange) }
            let delay = self.world.random.oneIn(3) ? self.world.latency() : 0
            self.world.after(delay) {
                if !exchange.isCut { self.server.bodyArrived(exchange) }
            }
        }
        return exchange
    }

    func cut(_ exchange: Exchange) {
        guard !exchange.isCut else { return }
        exchange.isCut = true
        world.note("connection of request \(exchange.id) cut")
        world.count("cut requests")
        if !exchange.isCopy { world.after(world.latency()) { self.client.requestFailed(exchange) } }
        if exchange.hasArrived { world.after(world.latency()) { self.server.requestLost(exchange) } }
    }

    func respond(_ exchange: Exchange, status: Int, body: String) {
        world.after(world.latency()) {
            guard !exchange.isCut else { return }
            // Too late for a cut.
            exchange.isCut = true
            self.client.responded(exchange, status: status, body: body)
        }
    }

    /// A WebSocket handshake.
    func connect() -> Wire {
        wires += 1
        let wire = Wire(id: wires)
        if misfortune() || faults > 0 && world.random.oneIn(6) {
            world.after(world.random.below(250)) { self.cut(wire) }
        }
        world.after(world.latency()) {
            if !wire.isCut { self.server.webSocketRequested(wire) }
        }
        return wire
    }

    func cut(_ wire: Wire) {
        guard !wire.isCut, !(wire.isOverAtServer && wire.isOverAtClient) else { return }
        wire.isCut = true
        world.note("wire \(wire.id) cut")
        world.count("cut wires")
        world.after(world.random.below(200)) { self.server.wireLost(wire) }
        world.after(world.random.below(200)) { self.client.wireLost(wire) }
    }

    func accept(_ wire: Wire) {
        deliverToClient(wire) { self.client.wireOpened(wire) }
    }

    func toServer(_ wire: Wire, _ frame: Frame) {
        wire.toServer = max(wire.toServer, world.time + world.latency())
        world.at(wire.toServer) {
            if !wire.isCut, !wire.isOverAtServer { self.server.frameArrived(wire, frame) }
        }
    }

    func toClient(_ wire: Wire, _ frame: Frame) {
        deliverToClient(wire) { self.client.frameArrived(wire, frame) }
    }

    func closeFromServer(_ wire: Wire) {
        wire.isOverAtServer = true
        deliverToClient(wire) { self.client.wireLost(wire) }
    }

    func closeFromClient(_ wire: Wire) {
        wire.isOverAtClient = true
        wire.toServer = max(wire.toServer, world.time + world.latency())
        world.at(wire.toServer) { if !wire.isCut { self.server.wireLost(wire) } }
    }

    private func deliverToClient(_ wire: Wire, _ action: @escaping () -> Void) {
        wire.toClient = max(wire.toClient, world.time + world.latency())
        world.at(wire.toClient) {
            if !wire.isCut, !wire.isOverAtClient { action() }
        }
    }
}
