import HandlerContract
import Identity
import NIOCore
import Routing

/// Extending how long a socket may stay.
extension Router {
    /// The end of a socket's authorization is near: whoever the route `socket.refresh` names may extend it.
    ///
    /// - Parameters:
    ///   - expiresAt: seconds since 1970.
    ///   - left: until then.
    func authorizationEnds(_ socket: Socket, at expiresAt: Int, left: Duration) {
        let source = EventSource(socket: socket)
        guard let route = self.table.match(type: .refresh, namespace: source.namespace),
            route.require?.isMet(by: source) ?? true
        else { return }
        guard let handler = route.handler else { return self.runLocally(route, source, ackID: nil) }
        let content = EnvelopeInput.Content.refresh(expiresAt: expiresAt, claims: socket.token?.claimsJSON)
        self.submit(content, route, handler, source, ackID: nil, limit: left)
    }

    /// The token of a `refresh` among actions.
    static func renewal(in actions: [Action]) -> String? {
        for case .renew(let token) in actions { return token }
        return nil
    }

    /// Carries out actions of a route one of which is a new token: when that is good, all of them; else none.
    func renew(_ socket: Socket, by token: String, _ actions: [Action], ackID: UInt64?, _ ack: PreparedAck?) {
        let others = actions.filter { if case .renew = $0 { false } else { true } }
        self.actions.verify(token, for: socket) { [self] result in
            guard socket.phase == .connected else { return }
            switch result {
            case .success(let token):
                if let problem = self.carryOut(others, socket, nil) {
                    return self.fail(ClientError(.busy, message: problem), socket, ackID)
                }
                self.actions.adopt(token, for: socket)
                if let ack { _ = self.carryOut([], socket, ack) }
            case .failure(let error):
                let code: ClientError.Code = error.isTemporary ? .unavailable : .forbidden
                self.fail(ClientError(code), socket, ackID)
            }
        }
    }
}

extension ActionRunner {
    /// Extends the authorization of a socket, and of the client's other sockets of the same user.
    func extend(_ socket: Socket, until end: AuthorizationEnd) {
        AuthorizationTimer.start(for: socket, until: end)
        for other in socket.client.connectedSockets
        where other !== socket && other.expiry != nil && other.user.isExactly(socket.user) {
            AuthorizationTimer.start(for: other, until: end)
        }
    }

    /// Verifies a token that is to take the place of the socket's own: of the same user, and by the same rules.
    ///
    /// On the socket's loop, where `done` is called too.
    func verify(_ token: String, for socket: Socket, _ done: @escaping (Result<VerifiedToken, TokenError>) -> Void) {
        let shard = socket.namespace.shard
        func refuse(_ error: TokenError) {
            shard.counters.authFailed(error)
            done(.failure(error))
        }
        guard let authenticator = socket.client.authenticator, let own = socket.token else { return refuse(.wrongUser) }
        authenticator.verify(token, on: shard.loop) { verdict in
            switch verdict {
            case .accepted(let token) where token.user.isExactly(own.user): done(.success(token))
            case .accepted, .anonymous: refuse(.wrongUser)
            case .refused(let error): refuse(error)
            }
        }
    }

    /// From now on the token's claims and its end count, for all of the client's sockets that came with one of this user.
    func adopt(_ token: VerifiedToken, for socket: Socket) {
        var sockets = socket.client.connectedSockets.filter {
            $0.token != nil && $0.token?.user.isExactly(token.user) == true
        }
        if !sockets.contains(where: { $0 === socket }) { sockets.append(socket) }
        for one in sockets {
            one.token = token
            if let end = token.expiresAt { AuthorizationTimer.start(for: one, until: .at(end)) }
        }
    }

    /// A handler's answer has a new token.
    func renew(_ socket: Socket, by token: String) {
        self.verify(token, for: socket) { result in
            guard case .success(let token) = result, socket.phase == .connected else { return }
            self.adopt(token, for: socket)
        }
    }
}
