import Configuration
import HTTP1
import NIOCore
import Routing
import WebSocketProtocol

/// A path that clients connect to: which pages may, what is kept of the request that a client comes with, and the opening
/// handshake of WebSockets.
class ClientEndpoint: Endpoint {
    let options: GatewayConfiguration.Endpoint
    let namespaces: [NamespaceMatcher]
    let authenticator: Authenticator?
    /// What happens to a client that falls behind; `nil`: it is closed.
    let slowConsumer: PendingPolicy?
    let crossOrigin: CrossOrigin?
    private let origins: OriginPolicy
    private let forwardedHeaders: [String]
    /// What is wanted of permessage-deflate; `nil`: extensions are not looked at.
    private let deflatePolicy: DeflatePolicy?

    init(_ options: GatewayConfiguration.Endpoint, index: Int, path: String, shard: Shard) {
        self.options = options
        self.namespaces = options.namespaces.map(NamespaceMatcher.init)
        self.slowConsumer = options.slowConsumer.policy
        self.authenticator = shard.generation.authenticators[index]
        self.crossOrigin = options.cors.map(CrossOrigin.init)
        self.origins = OriginPolicy(shard.generation.configuration.origins, cors: options.cors)
        self.forwardedHeaders = shard.generation.forwardedHeaders
        self.deflatePolicy = options.perMessageDeflate.map(DeflatePolicy.init)
        super.init(name: options.name, path: path, shard: shard)
    }

    /// Whether a page of the request's origin may connect.
    ///
    /// Browsers do not ask before they open a WebSocket, so this is what keeps foreign pages out.
    func admits(_ exchange: HTTPExchange) -> Bool {
        let head = exchange.head
        // Two of them are no browser's: which one would count is anybody's guess.
        let origins = head.headers.count(of: "origin")
        guard origins > 0 else { return true }
        guard origins == 1 else { return false }
        let headers = head.headers
        return self.origins.admits(
            origin: headers.first("origin"), host: headers.first("host"), isTLS: ClientOrigin(of: exchange).isTLS)
    }

    func crossOriginFields(_ origin: String?) -> [(name: String, value: String)] {
        self.crossOrigin?.fields(origin: origin) ?? []
    }

    /// Answers a browser's question whether a page may do what it is about to do.
    ///
    /// Returns `false` when this is not one.
    func answersPreflight(_ exchange: HTTPExchange) -> Bool {
        guard exchange.head.method == .options, let crossOrigin = self.crossOrigin else { return false }
        let headers = exchange.head.headers
        exchange.respond(
            crossOrigin.preflight(
                origin: headers.first("origin"), requestedHeaders: headers.first("access-control-request-headers")))
        return true
    }

    /// Counts one session more, in all and for its client's address, or answers why not.
    ///
    /// At HTTP level, because a stock client backs off from a 503 and hammers when a session is closed.
    func admitsSession(_ exchange: HTTPExchange) -> Bool {
        guard self.queryBytes(exchange) <= ClientHandshake.maxQueryBytes else {
            self.refuseLongQuery(exchange)
            return false
        }
        let core = self.shard.core
        var refusal: Admission.Refusal?
        if !core.isDraining {
            guard core.sessionOpened() else {
                return self.refuseSession(exchange, core.memory.level == .calm ? .maxConnections : .memory)
            }
            switch core.admission.admitSession(of: ClientOrigin(of: exchange), now: .now) {
            case .success(let permit):
                exchange.hold = SessionHold(core.admission, permit)
                return true
            case .failure(let error):
                core.sessionClosed()
                refusal = error.reason
            }
        }
        return self.refuseSession(exchange, refusal)
    }

    private func refuseSession(_ exchange: HTTPExchange, _ reason: Admission.Refusal?) -> Bool {
        if let reason {
            self.shard.counters.listeners[exchange.connection.listener.index].refused[reason, default: 0] &+= 1
        }
        exchange.respond(HTTPResponse(503, headers: [("retry-after", "1")], closes: true))
        return false
    }

    /// What a handler or a route may see of the query is kept as long as the client; a token is not.
    private func queryBytes(_ exchange: HTTPExchange) -> Int {
        let tokenName = self.options.auth?.jwt?.query
        return exchange.head.query.reduce(0) {
            $1.key == tokenName ? $0 : $0 + $1.key.utf8.count + $1.value.utf8.count
        }
    }

    /// Nothing of a query is left out in silence: what is too much to be kept is refused.
    func refuseLongQuery(_ exchange: HTTPExchange) {
        exchange.respond(HTTPResponse(414, text: "Query too long", closes: true))
    }

    /// A body that is too large is refused without a word more, and without harm to the session.
    override func refusal(_ error: RequestError, for exchange: HTTPExchange) -> HTTPResponse? {
        guard error == .bodyTooLarge else { return nil }
        return HTTPResponse(413, headers: self.crossOriginFields(exchange.head.headers.first("origin")), closes: true)
    }

    // MARK: - Who comes

    func handshakeInfo(_ exchange: HTTPExchange, query: [(name: String, value: String)]) -> ClientHandshake {
        let headers = exchange.head.headers
        let client = ClientOrigin(of: exchange)
        let tokenName = self.options.auth?.jwt?.query
        return ClientHandshake(
            remoteIP: client.address,
            isTLS: client.isTLS,
            origin: headers.first("origin"),
            query: query.filter { $0.name != tokenName },
            headers: IdentityHeaders.forwarded(self.forwardedHeaders, headers, isPeerTrusted: client.isTrusted),
            token: self.authenticator?.credentials(of: exchange) { name in
                query.first { $0.name == name }?.value
            } ?? .success(nil),
            hold: exchange.hold,
            certificate: exchange.connection.peerCertificate.map { ClientCertificate($0) },
            connectedAtMilliseconds: WallClock.milliseconds())
    }

    // MARK: - WebSockets

    /// Checks the opening handshake of RFC 6455; answers and returns `false` when it is not one.
    func checkWebSocket(_ exchange: HTTPExchange) -> Bool {
        let headers = exchange.head.headers
        let verdict = WebSocketProtocol.Handshake.check(
            version: headers.first("sec-websocket-version"), key: headers.first("sec-websocket-key"),
            upgrade: headers.first("upgrade"), connection: headers.first("connection"))
        switch verdict {
        case .ok:
            if self.deflatePolicy == nil || Self.extensions(of: exchange) != nil { return true }
            // RFC 6455 section 9.1: an ill-formed list of extensions fails the handshake.
            self.refuseWebSocket(exchange)
        case .badVersion:
            exchange.respond(
                HTTPResponse(
                    426, headers: [("sec-websocket-version", "13"), ("upgrade", "websocket")], closes: true))
        case .badRequest:
            self.refuseWebSocket(exchange)
        }
        return false
    }

    /// Answers a request for a WebSocket that is not well-formed.
    func refuseWebSocket(_ exchange: HTTPExchange) {
        exchange.respond(HTTPResponse(400, text: "Bad Request", closes: true))
    }

    private static func extensions(of exchange: HTTPExchange) -> [ExtensionOffer]? {
        ExtensionOffer.parse(exchange.head.headers.values(of: "sec-websocket-extensions"))
    }

    /// What is to be agreed on with the client of a handshake that is in order.
    func agreedDeflate(_ exchange: HTTPExchange) -> DeflateParameters? {
        self.deflatePolicy.flatMap { policy in Self.extensions(of: exchange).flatMap(policy.accept) }
    }

    /// The WebSocket of an accepted handshake, before its connection becomes one.
    func stream(
        _ connection: Connection, owner: (any WebSocketOwner)?, limits: FrameDecoder.Limits,
        deflate: DeflateParameters?
    ) -> WebSocketStream {
        WebSocketStream(
            connection: connection, owner: owner, limits: limits,
            deflate: deflate.map { self.shard.deflatePool.stream($0, self.options.perMessageDeflate) })
    }

    /// Answers the handshake; `deflate` is for the ``stream(_:owner:limits:deflate:)`` to come as well.
    func acceptWebSocket(
        _ exchange: HTTPExchange, subprotocol: String? = nil, deflate: DeflateParameters? = nil
    ) -> (Connection, leftover: ByteBuffer)? {
        let key = exchange.head.headers.first("sec-websocket-key") ?? ""
        guard let (connection, leftover) = exchange.takeConnection() else { return nil }
        connection.send {
            WebSocketProtocol.Handshake.writeResponse(
                key: key, subprotocol: subprotocol, extensions: deflate?.answer, into: &$0)
        }
        self.counters.countRequest(.get, status: 101)
        return (connection, leftover)
    }
}
