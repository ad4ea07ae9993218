import Configuration
import HandlerContract
import Logging
import NIOCore
import Routing
import SocketIO

/// What happens with an event: which route takes it, what that does by itself, what a handler is told and what becomes
/// of its answer.
///
/// Shared by all shards; every call comes from the loop of the socket that it is about.
final class Router: Sendable {
    private let table: RouteTable<Route>
    private let nodeID: String
    private let logger: Logger
    private let actions: ActionRunner
    private let handlers: [any HandlerService]
    let routes: [Route]

    init(
        _ routes: [(RouteMatch, Route)], nodeID: String, logger: Logger, actions: ActionRunner,
        handlers: [any HandlerService]
    ) {
        self.table = RouteTable(routes)
        self.routes = routes.map(\.1)
        self.nodeID = nodeID
        self.logger = logger
        self.actions = actions
        self.handlers = handlers
    }

    // MARK: - What happens to a socket

    /// An event of Socket.IO.
    func event(_ packet: Packet, of socket: Socket) {
        self.event(
            name: packet.eventName, arguments: packet.arguments, attachments: packet.attachments, ackID: packet.ackID,
            of: socket)
    }

    /// An event of any client; `arguments` are comma-separated JSON values.
    func event(
        name: String, arguments: UnsafeRawBufferPointer, attachments: [ByteBuffer] = [], ackID: UInt64?,
        of socket: Socket
    ) {
        let namespace = socket.namespace.namespace.name
        guard let route = self.table.match(type: .event, namespace: namespace, event: name) else {
            socket.namespace.shard.counters.eventsUnmatched &+= 1
            return
        }
        let source = EventSource(
            socket: socket, eventName: name, arguments: arguments, attachments: attachments)
        guard route.require?.isMet(by: source) ?? true else {
            return self.fail(ClientError(.forbidden), socket, ackID)
        }
        guard let handler = route.handler else { return self.runLocally(route, source, ackID: ackID) }
        let content = EnvelopeInput.Content.event(
            name: name, arguments: Array(arguments), attachments: attachments, wantsAck: ackID != nil)
        self.submit(content, route, handler, source, ackID: ackID)
    }

    /// A message without a name.
    func message(_ message: MessageValue, of socket: Socket) {
        self.lifecycle(.message, .message(message), EventSource(socket: socket, message: message))
    }

    /// A client wants to enter a namespace.
    ///
    /// Decided at once, or when its handler has answered.
    func connect(_ socket: Socket, auth: GatewayConfiguration.Auth?) {
        let source = EventSource(socket: socket)
        guard let route = self.table.match(type: .connect, namespace: source.namespace) else {
            return self.accept(socket, .init(), auth: auth)
        }
        guard route.require?.isMet(by: source) ?? true else {
            return socket.client.connectDecided(socket, .refuse(message: "not authorized", data: nil))
        }
        guard let handler = route.handler else {
            do {
                let actions = try route.actions.map { action throws(TemplateError) in try action.render(source) }
                return self.accept(socket, .init(actions: actions), auth: auth)
            } catch {
                self.logger.warning("route \(route.name): client refused: \(error.message)")
                return socket.client.connectDecided(socket, .refuse(message: "not authorized", data: nil))
            }
        }
        let handshake = socket.client.handshake
        let content = EnvelopeInput.Content.connect(
            .init(auth: socket.auth, query: handshake.query, origin: handshake.origin, claims: socket.token?.claimsJSON)
        )
        self.submit(content, route, handler, source, ackID: nil, auth: auth)
    }

    /// A socket has left, after it had been connected.
    func disconnected(_ socket: Socket, rooms: [String], reason: DisconnectReason) {
        let since = Duration.milliseconds(WallClock.milliseconds() - socket.connectedAtMilliseconds)
        self.lifecycle(
            .disconnected, .disconnected(reason: reason, duration: since), EventSource(socket: socket), rooms)
        for handler in self.handlers { handler.forget(lane: "socket:\(socket.id)") }
    }

    /// A socket's client is away and may come back; only routes that do not want to wait hear of it.
    func left(_ socket: Socket, rooms: [String], reason: DisconnectReason) {
        let since = Duration.milliseconds(WallClock.milliseconds() - socket.connectedAtMilliseconds)
        self.lifecycle(
            .disconnected, .disconnected(reason: reason, duration: since), EventSource(socket: socket), rooms,
            where: \.disconnectsAtOnce)
    }

    /// A client that was away does not come back: routes that have waited hear of its disconnect now.
    ///
    /// On any loop.
    func sessionEnded(_ session: AbsentSession, on shard: Shard) {
        let socket = Socket(session, on: shard)
        let visit = session.visit
        let duration = Duration.milliseconds(visit.leftAtMilliseconds - visit.connectedAtMilliseconds)
        self.lifecycle(
            .disconnected, .disconnected(reason: session.reason, duration: duration), EventSource(socket: socket),
            [socket.id] + session.record.stays.rooms, where: { !$0.disconnectsAtOnce })
        for handler in self.handlers { handler.forget(lane: "socket:\(socket.id)") }
    }

    private func lifecycle(
        _ type: EventType, _ content: EnvelopeInput.Content, _ source: EventSource, _ rooms: [String]? = nil,
        where isMeant: (Route) -> Bool = { _ in true }
    ) {
        guard let route = self.table.match(type: type, namespace: source.namespace), isMeant(route),
            route.require?.isMet(by: source) ?? true
        else {
            if type == .message { source.socket.namespace.shard.counters.eventsUnmatched &+= 1 }
            return
        }
        if let handler = route.handler {
            self.submit(content, route, handler, source, ackID: nil, rooms: rooms)
        } else {
            self.runLocally(route, source, ackID: nil)
        }
    }

    // MARK: - Routes without a handler

    private func runLocally(_ route: Route, _ source: EventSource, ackID: UInt64?) {
        let socket = source.socket
        let shard = socket.namespace.shard
        do {
            let actions = try route.actions.map { action throws(TemplateError) in try action.render(source) }
            // Rendered before the actions run, like them: all or nothing.
            var arguments = shard.borrowAckBuffer()
            defer { shard.returnAckBuffer(arguments) }
            var attachments: [ByteBuffer] = []
            if ackID != nil { try route.ack?.render(into: &arguments, attachments: &attachments, source) }
            if let problem = self.actions.run(actions, for: socket) {
                return self.fail(ClientError(.busy, message: problem), socket, ackID)
            }
            if !actions.isEmpty, socket.namespace.namespace.isCongested {
                socket.client.throttle(for: Client.congestionPause)
            }
            if let ackID, route.ack != nil {
                if !actions.isEmpty { shard.drainInbox() }
                socket.client.acknowledge(ackID, arguments, attachments: attachments, socket: socket)
            }
        } catch let error as TemplateError {
            shard.counters.actionsFailed &+= 1
            self.logger.debug("route \(route.name): nothing done: \(error.message)")
            self.fail(ClientError(.badRequest, message: error.message), socket, ackID)
        } catch {
            self.fail(ClientError(.handlerError), socket, ackID)
        }
    }

    private func fail(_ error: ClientError, _ socket: Socket, _ ackID: UInt64?) {
        guard let ackID else { return }
        socket.client.acknowledge(ackID, ByteBuffer(bytes: error.arguments), attachments: [], socket: socket)
    }

    // MARK: - Routes with a handler

    private func submit(
        _ content: EnvelopeInput.Content, _ route: Route, _ handler: any HandlerService, _ source: EventSource,
        ackID: UInt64?, auth: GatewayConfiguration.Auth? = nil, rooms: [String]? = nil
    ) {
        let socket = source.socket
        let shard = socket.namespace.shard
        let eventID = shard.nextULID().eventID
        let input = EnvelopeInput(
            id: eventID, time: Timestamp(milliseconds: WallClock.milliseconds()), route: route.name, node: self.nodeID,
            socket: self.details(of: socket, rooms: rooms ?? socket.rooms), content: content)
        let isConnect = input.type == .connect
        if isConnect { socket.isAnnounced = true }
        let bytes = source.arguments.count + source.attachments.reduce(0) { $0 + $1.readableBytes }
        let cost = HandlerBackpressure.cost(bytes: bytes)
        let bound = NIOLoopBound(
            Pending(socket: socket, route: route, ackID: ackID, auth: auth, cost: cost), eventLoop: shard.loop)
        let loop = shard.loop
        var timeout = route.timeout
        if isConnect, let client = socket.client as? EngineClient {
            timeout = client.connectTimeout
        }
        let job = HandlerJob(
            input: input, mode: isConnect ? .request : route.mode, lane: route.lane(of: source, eventID: eventID),
            socketID: socket.id, timeout: timeout, isIdempotent: route.isIdempotent,
            complete: { [self] result in
                // Later even from the loop itself: whoever submits is in the middle of something.
                loop.execute { self.finish(bound.value, result) }
            })
        socket.client.handlerBegan(cost: cost)
        guard handler.submit(job) else {
            socket.client.handlerEnded(cost: cost)
            if isConnect { return socket.client.connectDecided(socket, .tryLater) }
            return self.fail(ClientError(.busy), socket, ackID)
        }
    }

    /// What is remembered of an event while its handler works on it.
    private struct Pending {
        var socket: Socket
        var route: Route
        var ackID: UInt64?
        var auth: GatewayConfiguration.Auth?
        var cost: Int
    }

    private func finish(_ pending: Pending, _ result: HandlerResult) {
        let socket = pending.socket
        defer { socket.client.handlerEnded(cost: pending.cost) }
        switch result {
        case .answer(let answer):
            self.apply(answer, pending)
        case .connect(.accept(let acceptance)):
            self.accept(socket, acceptance, auth: pending.auth)
        case .connect(.refuse(let refusal)):
            socket.client.connectDecided(socket, .refuse(message: refusal.message, data: refusal.data))
        case .connect(.retry):
            socket.client.connectDecided(socket, .tryLater)
        case .connectRefused:
            socket.client.connectDecided(socket, .refuse(message: "not authorized", data: nil))
        case .failed(let error):
            if socket.phase == .connecting { return socket.client.connectDecided(socket, .tryLater) }
            self.fail(error, socket, pending.ackID)
        case .done:
            guard let ackID = pending.ackID else { return }
            socket.client.acknowledge(ackID, ByteBuffer(), attachments: [], socket: socket)
        }
    }

    private func apply(_ answer: HandlerAnswer, _ pending: Pending) {
        let socket = pending.socket
        // The state comes first, and counts as an action: all or nothing.
        let change: [Action] =
            answer.state.isEmpty ? [] : [.state(set: answer.state.set, unset: answer.state.unset, .me)]
        if let problem = self.actions.run(change + answer.actions, for: socket) {
            self.logger.warning("route \(pending.route.name): answer not applied: \(problem)")
            return self.fail(ClientError(.handlerError), socket, pending.ackID)
        }
        guard let ackID = pending.ackID else { return }
        if !answer.actions.isEmpty { socket.namespace.shard.drainInbox() }
        let reply = answer.reply
        socket.client.acknowledge(
            ackID, ByteBuffer(bytes: reply.arguments), attachments: reply.attachments, socket: socket)
    }

    /// Lets a socket in: user, state and rooms first, then the CONNECT reply, then everything else.
    private func accept(
        _ socket: Socket, _ acceptance: ConnectAnswer.Acceptance, auth: GatewayConfiguration.Auth?
    ) {
        guard socket.phase == .connecting else { return }
        // A handler may know the user by another name than the token does.
        socket.user = acceptance.user ?? socket.user
        guard let claim = socket.claim.take() else { return self.admit(socket, acceptance, auth: auth) }
        socket.client.takeOver(socket, claim) { outcome in
            switch outcome {
            case .goesOn, .beginsAnew: self.admit(socket, acceptance, auth: auth)
            case .tryLater: socket.client.connectDecided(socket, .tryLater)
            }
        }
    }

    private func admit(
        _ socket: Socket, _ acceptance: ConnectAnswer.Acceptance, auth: GatewayConfiguration.Auth?
    ) {
        guard socket.phase == .connecting else { return }
        guard socket.updateState(set: acceptance.state, unset: []) else {
            self.logger.warning("client postponed: the handler's state for it is too large")
            return socket.client.connectDecided(socket, .tryLater)
        }
        // What was published before it came is not for it.
        socket.namespace.shard.drainInbox()
        socket.client.connectDecided(socket, .accept)
        guard socket.phase == .connected else { return }
        let source = EventSource(socket: socket)
        let rooms = acceptance.rooms + (auth?.rooms.compactMap { try? $0.text(from: source) } ?? [])
        let refused = socket.namespace.join(rooms, socket)
        if !refused.isEmpty {
            self.logger.warning(
                "\(refused.count) rooms not joined: a socket may be in too few (limits.maxRoomsPerSocket)")
        }
        if let expiresAt = acceptance.expiresAt ?? socket.token?.expiresAt {
            self.actions.setExpiry(socket, unixSeconds: expiresAt)
        }
        if let problem = self.actions.run(acceptance.actions, for: socket) {
            self.logger.warning("actions of a connect answer not applied: \(problem)")
        }
        // An action may have ended it already.
        guard socket.phase == .connected else { return }
        self.lifecycle(.connected, .connected, source)
    }

    private func details(of socket: Socket, rooms: [String]) -> SocketDetails {
        let client = socket.client
        return SocketDetails(
            id: socket.id, session: client.publicID, namespace: socket.namespace.namespace.name,
            clientProtocol: client.protocolName, transport: client.transportName, user: socket.user, rooms: rooms,
            state: socket.state.entries, connectedAt: Timestamp(milliseconds: socket.connectedAtMilliseconds),
            isRecovered: socket.isRecovered, remoteAddress: client.handshake.remoteIP, isTLS: client.handshake.isTLS,
            headers: client.handshake.headers)
    }
}
