import Configuration
import Identity

extension Client {
    /// Finds out whose a new socket is, by its token or else by the client's certificate; then the routes decide whether it
    /// may enter.
    func authenticate(_ socket: Socket, for endpoint: ClientEndpoint) {
        self.identify(by: socket.auth, for: endpoint) { [self] verdict in
            guard socket.phase == .connecting else { return }
            switch verdict {
            case .success(let owner):
                self.enter(socket, of: owner, by: endpoint)
            case .failure(let error):
                self.shard.counters.authFailed(error)
                self.connectDecided(socket, error.decision)
            }
        }
    }

    /// It is known whose a socket is: the routes decide.
    func enter(_ socket: Socket, of owner: SocketOwner, by endpoint: ClientEndpoint) {
        socket.token = owner.token
        socket.user = owner.user
        self.considerClaim(of: socket)
        self.shard.router.connect(socket, auth: endpoint.options.auth)
    }

    /// Whose a socket with this CONNECT payload is, or why there must not be one.
    ///
    /// `done` is called on the shard's loop, now or later.
    func identify(
        by json: [UInt8]?, for endpoint: ClientEndpoint,
        _ done: @escaping (Result<SocketOwner, TokenError>) -> Void
    ) {
        let auth = endpoint.options.auth
        let user = auth?.certificate.flatMap { self.handshake.certificate?.user(by: $0) }
        guard let authenticator = endpoint.authenticator else {
            let isMissing = auth?.certificate != nil && auth?.required == true && user == nil
            return done(isMissing ? .failure(.missing) : .success(SocketOwner(user: user)))
        }
        authenticator.authenticate(authJSON: json, handshake: self.handshake.token, on: self.shard.loop) { verdict in
            switch verdict {
            case .accepted(let token): done(.success(SocketOwner(token: token, user: token.user)))
            case .anonymous: done(.success(SocketOwner(user: user)))
            case .refused(.missing) where user != nil: done(.success(SocketOwner(user: user)))
            case .refused(let error): done(.failure(error))
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

/// Whose a socket is.
struct SocketOwner {
    /// What its verified token says; `nil` where it came without one.
    var token: VerifiedToken?
    /// `nil`: nobody knows.
    var user: String?
}

extension TokenError {
    /// Where it is not the client's fault it comes back by itself.
    fileprivate var decision: ConnectDecision {
        self.isTemporary ? .tryLater : .refuse(message: TokenError.clientMessage, data: nil)
    }
}
