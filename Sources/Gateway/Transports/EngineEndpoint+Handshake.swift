import Configuration
import EngineIO
import HTTP1
import NIOCore

/// How a session begins.
extension EngineEndpoint {
    func handshake(_ exchange: HTTPExchange, _ query: RequestQuery) {
        guard let session = self.openSession(exchange, query, .polling) else { return }
        session.open(poll: EngineRequest(exchange))
    }

    func webSocketHandshake(_ exchange: HTTPExchange, _ query: RequestQuery) {
        guard self.checkWebSocket(exchange) else { return }
        guard let session = self.openSession(exchange, query, .websocket),
            let (connection, leftover) = self.acceptWebSocket(exchange)
        else { return }
        let stream = WebSocketStream(
            connection: connection, session: session, maxMessageSize: self.options.maxHttpBufferSize)
        session.open(webSocket: stream)
        connection.become(stream, leftover: leftover)
    }

    private func openSession(_ exchange: HTTPExchange, _ query: RequestQuery, _ transport: Transport) -> EngineSession?
    {
        // At HTTP level, because a stock client backs off from a 503 and hammers when a session is closed.
        guard !self.shard.core.isDraining, self.shard.core.sessionOpened() else {
            exchange.respond(HTTPResponse(503, headers: [("retry-after", "1")], closes: true))
            return nil
        }
        let now = ContinuousClock.now
        let id = SessionID(shard: self.shard.handle.index, using: &self.shard.random)
        let handshake = self.handshakeInfo(exchange, query)
        let client: EngineClient =
            switch self.options.protocol {
            case .engineIO: RawEngineClient(endpoint: self, handshake: handshake)
            default: SocketIOClient(endpoint: self, handshake: handshake)
            }
        return EngineSession(id: id, transport: transport, endpoint: self, client: client, now: now)
    }

    private func handshakeInfo(_ exchange: HTTPExchange, _ query: RequestQuery) -> ClientHandshake {
        let headers = exchange.head.headers
        let client =
            exchange.connection.listener.trust?.client(of: exchange)
            ?? ClientOrigin(address: "", isTLS: exchange.connection.isTLS, isTrusted: false)
        return ClientHandshake(
            remoteIP: client.address,
            isTLS: client.isTLS,
            origin: headers.first("origin"),
            query: query.parameters.map { ($0.name, $0.value) },
            headers: self.forwarded(headers, isPeerTrusted: client.isTrusted),
            token: self.authenticator?.credentials(of: exchange, query: query.first) ?? .success(nil),
            connectedAtMilliseconds: WallClock.milliseconds())
    }

    /// The headers that handlers may see.
    ///
    /// Those by which a proxy says who somebody is are taken from trusted proxies only: anybody can send them (A14).
    private func forwarded(_ headers: Headers, isPeerTrusted: Bool) -> [(name: String, value: String)] {
        self.forwardedHeaders.compactMap { name in
            guard isPeerTrusted || !Self.identityHeaders.contains(name) else { return nil }
            return headers.first(name).map { (name, $0) }
        }
    }

    private static let identityHeaders: Set<String> = [
        "forwarded", "remote-user", "x-auth-request-email", "x-auth-request-user", "x-authenticated-user",
        "x-forwarded-email", "x-forwarded-for", "x-forwarded-groups", "x-forwarded-preferred-username",
        "x-forwarded-user", "x-real-ip", "x-remote-user", "x-user", "x-user-email", "x-user-id",
    ]
}
