import Configuration
import Identity

extension Client {
    /// Finds out whose a new socket is, by its token or else by the client's certificate; then the routes decide whether it
    /// may enter.
    func authenticate(_ socket: Socket, for endpoint: ClientEndpoint) {
        let auth = endpoint.options.auth
        self.identify(socket, auth, endpoint.authenticator) { [self] refusal in
            guard socket.phase == .connecting else { return }
            guard let refusal else {
                self.considerClaim(of: socket)
                return self.shard.router.connect(socket, auth: auth)
            }
            self.shard.counters.authFailed(refusal)
            // Where it is not the client's fault it comes back by itself.
            self.connectDecided(
                socket, refusal.isTemporary ? .tryLater : .refuse(message: TokenError.clientMessage, data: nil))
        }
    }

    /// `done` gets why the socket must not be let in; nil when it may, with its user set where there is one.
    ///
    /// On the shard's loop, now or later.
    private func identify(
        _ socket: Socket, _ auth: GatewayConfiguration.Auth?, _ authenticator: Authenticator?,
        _ done: @escaping (TokenError?) -> Void
    ) {
        let owner = auth?.certificate.flatMap { self.handshake.certificate?.user(by: $0) }
        guard let authenticator else {
            socket.user = owner
            return done(auth?.certificate != nil && auth?.required == true && owner == nil ? .missing : nil)
        }
        authenticator.authenticate(authJSON: socket.auth, handshake: self.handshake.token, on: self.shard.loop) {
            verdict in
            switch verdict {
            case .accepted(let token):
                socket.token = token
                socket.user = token.user
                done(nil)
            case .anonymous:
                socket.user = owner
                done(nil)
            case .refused(.missing) where owner != nil:
                socket.user = owner
                done(nil)
            case .refused(let error):
                done(error)
            }
        }
    }

    /// The endpoint that the client came by.
    private var endpoint: ClientEndpoint? {
        self.shard.endpoints.all.first { $0.name == self.endpointName } as? ClientEndpoint
    }

    /// Verifies the tokens of its endpoint; nil where that has none.
    var authenticator: Authenticator? { self.endpoint?.authenticator }

    /// How long before the end of a socket's authorization somebody is asked to extend it.
    var refreshLead: Duration { self.endpoint?.options.auth?.refreshBefore ?? .seconds(30) }
}
