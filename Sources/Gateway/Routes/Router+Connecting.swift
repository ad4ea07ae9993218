import Configuration
import HandlerContract
import NIOCore
import Routing

/// Who may enter a namespace, and what happens when somebody does.
extension Router {
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
                self.warnings.warning("refused \(route.name)", "route \(route.name): client refused: \(error.message)")
                return socket.client.connectDecided(socket, .refuse(message: "not authorized", data: nil))
            }
        }
        let handshake = socket.client.handshake
        let content = EnvelopeInput.Content.connect(
            .init(auth: socket.auth, query: handshake.query, origin: handshake.origin, claims: socket.token?.claimsJSON)
        )
        self.submit(content, route, handler, source, ackID: nil, auth: auth)
    }

    /// Lets a socket in: user, state and rooms first, then the CONNECT reply, then everything else.
    func accept(
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
            self.warnings.warning("postponed", "client postponed: the handler's state for it is too large")
            return socket.client.connectDecided(socket, .tryLater)
        }
        let rooms = {
            acceptance.rooms + (auth?.rooms.compactMap { try? $0.text(from: EventSource(socket: socket)) } ?? [])
        }
        socket.client.resume(socket, in: { rooms() + acceptance.roomsOfActions }) {
            self.letIn(socket, acceptance, rooms: rooms)
        }
    }

    private func letIn(
        _ socket: Socket, _ acceptance: ConnectAnswer.Acceptance, rooms: @escaping () -> [String]
    ) {
        guard socket.phase == .connecting else { return }
        // What was published before it came is not for it.
        let shard = socket.namespace.shard
        guard !shard.drainInbox() else { return self.enter(socket, acceptance, rooms: rooms) }
        shard.afterArrivals { self.enter(socket, acceptance, rooms: rooms) }
    }

    private func enter(_ socket: Socket, _ acceptance: ConnectAnswer.Acceptance, rooms: () -> [String]) {
        guard socket.phase == .connecting else { return }
        socket.client.connectDecided(socket, .accept)
        socket.client.handshake.hold?.settle()
        guard socket.phase == .connected else { return }
        let source = EventSource(socket: socket)
        let refused = socket.namespace.join(rooms(), socket)
        if !refused.isEmpty {
            self.warnings.warning(
                "rooms",
                "\(refused.count) rooms not joined: a socket may be in too few (limits.maxRoomsPerSocket)")
        }
        if let expiresAt = acceptance.expiresAt ?? socket.token?.expiresAt {
            AuthorizationTimer.start(for: socket, until: .at(expiresAt))
        }
        if let problem = self.actions.run(acceptance.actions, for: socket) {
            self.warnings.warning("connect actions", "actions of a connect answer not applied: \(problem)")
        }
        if !acceptance.actions.isEmpty { self.holdUp(socket.client, in: socket.namespace) }
        // An action may have ended it already.
        guard socket.phase == .connected else { return }
        self.lifecycle(.connected, .connected, source)
    }
}

extension ConnectAnswer.Acceptance {
    /// The rooms that its actions put the socket in.
    fileprivate var roomsOfActions: [String] {
        self.actions.flatMap { action in
            if case .join(let rooms, .me) = action { rooms } else { [] as [String] }
        }
    }
}
