import Configuration
import HandlerContract
import Logging
import NIOCore
import Routing
import Outbox
import SocketIO

/// What happens with an event: which route takes it, what that does by itself, what a handler is told and what becomes
/// of its answer.
///
/// Shared by all shards; every call comes from the loop of the socket that it is about.
final class Router: Sendable {
    let table: RouteTable<Route>
    private let nodeID: String
    let logger: Logger
    let warnings: ThrottledLog
    let actions: ActionRunner
    /// Where routes with `atLeastOnce` store their events; nil: there are none.
    private let outbox: OutboxService?
    private let handlers: [any HandlerService]
    let routes: [Route]

    init(
        _ routes: [(RouteMatch, Route)], nodeID: String, logger: Logger, actions: ActionRunner,
        handlers: [any HandlerService], outbox: OutboxService?
    ) {
        self.outbox = outbox
        self.table = RouteTable(routes)
        self.routes = routes.map(\.1)
        self.nodeID = nodeID
        self.logger = logger
        self.warnings = ThrottledLog(logger)
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
        // By its number, because what the generic table gives out is a generic call away.
        guard let route = self.table.number(type: .event, namespace: namespace, event: name).map({ self.routes[$0] })
        else {
            socket.namespace.shard.counters.eventsUnmatched &+= 1
            return
        }
        let source = EventSource(
            socket: socket, eventName: name, arguments: arguments, attachments: attachments)
        guard route.require?.isMet(by: source) ?? true else {
            return self.fail(ClientError(.forbidden), socket, ackID)
        }
        guard let handler = route.handler else { return self.runLocally(route, source, ackID: ackID) }
        var repeats: RepeatedEvents.Key?
        if let id = try? route.dedupe?.text(from: source) {
            let key = RepeatedEvents.Key(session: socket.id, route: route.name, id: id)
            guard self.isFirst(key, socket, ackID) else { return }
            repeats = key
        }
        let content = EnvelopeInput.Content.event(
            name: name, arguments: Array(arguments), attachments: attachments,
            wantsAck: ackID != nil)
        self.submit(content, route, handler, source, ackID: ackID, dedupe: repeats)
    }

    /// A message without a name.
    func message(_ message: MessageValue, of socket: Socket) {
        self.lifecycle(.message, .message(message), EventSource(socket: socket, message: message))
    }

    /// A socket has left, after it had been connected.
    func disconnected(_ socket: Socket, rooms: [String], reason: DisconnectReason) {
        let since = Duration.milliseconds(WallClock.milliseconds() - socket.connectedAtMilliseconds)
        self.lifecycle(
            .disconnected, .disconnected(reason: reason, duration: since), EventSource(socket: socket), rooms)
        for handler in self.handlers { handler.forget(lane: "socket:\(socket.id)") }
        self.outbox?.forget(lane: "socket:\(socket.id)")
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
        self.outbox?.forget(lane: "socket:\(socket.id)")
    }

    func lifecycle(
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

    func runLocally(_ route: Route, _ source: EventSource, ackID: UInt64?) {
        let socket = source.socket
        let shard = socket.namespace.shard
        do {
            let actions = try route.actions.map { action throws(TemplateError) in try action.render(source) }
            // Rendered before the actions run, like them: all or nothing.
            var arguments = shard.ackBuffer.take()
            defer { shard.ackBuffer.giveBack(arguments) }
            var attachments: [ByteBuffer] = []
            if ackID != nil { try route.ack?.render(into: &arguments, attachments: &attachments, source) }
            let ack = ackID.flatMap { id in route.ack.map { _ in PreparedAck(id, arguments, attachments) } }
            if let token = Self.renewal(in: actions) {
                return self.renew(socket, by: token, actions, ackID: ackID, ack)
            }
            if let problem = self.carryOut(actions, socket, ack) {
                return self.fail(ClientError(.busy, message: problem), socket, ackID)
            }
        } catch let error as TemplateError {
            shard.counters.actionsFailed &+= 1
            self.logger.debug("route \(route.name): nothing done: \(error.message)")
            self.fail(ClientError(.badRequest, message: error.message), socket, ackID)
        } catch {
            self.fail(ClientError(.handlerError), socket, ackID)
        }
    }

    /// What the client's callback gets when the actions are done.
    struct PreparedAck {
        var id: UInt64
        var arguments: ByteBuffer
        var attachments: [ByteBuffer]

        init(_ id: UInt64, _ arguments: ByteBuffer, _ attachments: [ByteBuffer]) {
            self.id = id
            self.arguments = arguments
            self.attachments = attachments
        }
    }

    /// Returns why nothing was done, if so.
    func carryOut(_ actions: [Action], _ socket: Socket, _ ack: PreparedAck?) -> String? {
        if let problem = self.actions.run(actions, for: socket) { return problem }
        let shard = socket.namespace.shard
        if let ack {
            if actions.isEmpty || shard.drainInbox() {
                socket.client.acknowledge(ack.id, ack.arguments, attachments: ack.attachments, socket: socket)
            } else {
                shard.afterArrivals {
                    socket.client.acknowledge(ack.id, ack.arguments, attachments: ack.attachments, socket: socket)
                }
            }
        }
        if !actions.isEmpty { self.holdUp(socket.client, in: socket.namespace) }
        return nil
    }

    /// A client that publishes more than can be delivered is not read until that has been caught up with.
    ///
    /// Called last: what it sends next must not come before anything that is still to be done.
    func holdUp(_ client: Client, in namespace: LocalNamespace) {
        // Some of it is delivered between the messages of one read: only that shows how much work they are.
        if namespace.shard.handle.inbox.count > Inbox.few { namespace.shard.drainInbox() }
        guard namespace.namespace.isCongested else { return }
        if namespace.shard.hasArrivals {
            client.awaitArrivals()
        } else {
            client.throttle(for: Client.congestionPause)
        }
    }

    func fail(_ error: ClientError, _ socket: Socket, _ ackID: UInt64?) {
        guard let ackID else { return }
        socket.client.acknowledge(ackID, ByteBuffer(bytes: error.arguments), attachments: [], socket: socket)
    }

    // MARK: - Routes with a handler

    /// - Parameter limit: until when an answer is of use; the route's own timeout unless given.
    func submit(
        _ content: EnvelopeInput.Content, _ route: Route, _ handler: any HandlerService, _ source: EventSource,
        ackID: UInt64?, auth: GatewayConfiguration.Auth? = nil, rooms: [String]? = nil, limit: Duration? = nil,
        dedupe: RepeatedEvents.Key? = nil
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
        var pending = Pending(socket: socket, route: route, ackID: ackID, auth: auth, cost: cost, dedupe: dedupe)
        if let template = route.ack, ackID != nil || dedupe != nil {
            do {
                pending.ack = try self.rendered(template, source)
            } catch {
                // Before anything has happened: its sender may mend it.
                shard.counters.actionsFailed &+= 1
                return self.fail(ClientError(.badRequest, message: error.message), pending)
            }
        }
        if !isConnect, route.mode == .atLeastOnce, let name = route.handlerName, let outbox = self.outbox {
            return self.store(input, for: name, lane: route.lane(of: source, eventID: eventID), pending, in: outbox)
        }
        let bound = NIOLoopBound(pending, eventLoop: shard.loop)
        let loop = shard.loop
        var timeout = limit ?? route.timeout
        // It may be asked again as long as there is time, and nothing has to wait for it.
        let isRefresh = input.type == .refresh
        if isConnect, let client = socket.client as? EngineClient {
            timeout = client.connectTimeout
        }
        let job = HandlerJob(
            input: input, mode: isConnect ? .request : route.mode,
            lane: isRefresh ? eventID : route.lane(of: source, eventID: eventID),
            socketID: socket.id, timeout: timeout, isIdempotent: route.isIdempotent || isRefresh,
            batch: route.mode == .atMostOnce && !isConnect && !isRefresh ? route.batch : nil,
            complete: { [self] result in
                // Later even from the loop itself: whoever submits is in the middle of something.
                loop.execute { self.finish(bound.value, result) }
            })
        socket.client.handlerBegan(cost: cost)
        guard handler.submit(job) else {
            socket.client.handlerEnded(cost: cost)
            if isConnect { return socket.client.connectDecided(socket, .tryLater) }
            return self.fail(ClientError(.busy), pending)
        }
    }

    private func rendered(_ template: AckTemplate, _ source: EventSource) throws(TemplateError) -> DedupeAnswer {
        var answer = DedupeAnswer(arguments: ByteBuffer())
        try template.render(into: &answer.arguments, attachments: &answer.attachments, source)
        return answer
    }

    // MARK: - Routes that store

    private func store(
        _ input: EnvelopeInput, for handler: String, lane: String, _ pending: Pending, in outbox: OutboxService
    ) {
        let socket = pending.socket
        let loop = socket.namespace.shard.loop
        let bound = NIOLoopBound(pending, eventLoop: loop)
        let envelope = Envelope(input)
        let event = NewEvent(
            id: input.id, handler: handler, route: pending.route.name, lane: lane, isAlone: lane == input.id,
            type: input.type.rawValue, socket: socket.id, namespace: socket.namespace.namespace.name,
            accepted: outbox.now, head: envelope.head, tail: envelope.tail)
        socket.client.handlerBegan(cost: pending.cost)
        outbox.append(
            .init(
                event: event,
                complete: { [self] result in loop.execute { self.stored(bound.value, result) } },
                release: { loop.execute { bound.value.socket.client.handlerEnded(cost: bound.value.cost) } }))
    }

    private func stored(_ pending: Pending, _ result: OutboxService.Appended) {
        switch result {
        case .stored: self.acknowledge(pending.ack, pending)
        case .busy: self.fail(ClientError(.busy), pending)
        case .unavailable:
            self.fail(ClientError(.unavailable, message: "the event cannot be stored at the moment"), pending)
        }
    }

    private func details(of socket: Socket, rooms: [String]) -> SocketDetails {
        let client = socket.client
        return SocketDetails(
            id: socket.id, session: client.publicID, namespace: socket.namespace.namespace.name,
            clientProtocol: client.protocolName, transport: client.transportName, user: socket.user, rooms: rooms,
            state: socket.state.entries, connectedAt: Timestamp(milliseconds: socket.connectedAtMilliseconds),
            isRecovered: socket.isRecovered, remoteAddress: client.handshake.remoteIP, isTLS: client.handshake.isTLS,
            certificate: client.handshake.certificate?.json, headers: client.handshake.headers)
    }
}
