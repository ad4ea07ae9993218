import Identity
import NIOCore

extension Client {
    /// Who a socket is comes first; then the routes decide whether it may enter.
    ///
    /// ``Client/connectDecided(_:_:)`` is called at once or later.
    func authenticate(_ socket: Socket, for endpoint: ClientEndpoint) {
        self.authenticate(socket, endpoint, mayWait: true)
    }

    private func authenticate(_ socket: Socket, _ endpoint: ClientEndpoint, mayWait: Bool) {
        func proceed() {
            self.considerClaim(of: socket)
            self.shard.router.connect(socket, auth: endpoint.options.auth)
        }
        guard let authenticator = endpoint.authenticator else { return proceed() }
        let now = ContinuousClock.now
        switch authenticator.authenticate(authJSON: socket.auth, handshake: self.handshake.token, now: now) {
        case .anonymous:
            proceed()
        case .accepted(let token):
            socket.token = token
            socket.user = token.user
            proceed()
        case .refused(let error):
            self.refuse(socket, error)
        case .keysMissing:
            let bound = NIOLoopBound((self, socket, endpoint), eventLoop: self.shard.loop)
            let loop = self.shard.loop
            let waits =
                mayWait
                && authenticator.keys.missed(now: now) {
                    loop.execute { bound.value.0.authenticate(bound.value.1, bound.value.2, mayWait: false) }
                }
            guard !waits else { return }
            if authenticator.keys.current(now: now) == nil {
                // Not the client's fault: it comes back by itself.
                self.shard.counters.authFailed(.keysUnavailable)
                self.connectDecided(socket, .tryLater)
            } else {
                self.refuse(socket, .unknownKey)
            }
        }
    }

    private func refuse(_ socket: Socket, _ error: TokenError) {
        self.shard.counters.authFailed(error)
        self.connectDecided(socket, .refuse(message: TokenError.clientMessage, data: nil))
    }
}
