import Configuration
import EngineIO
import HTTP1
import NIOCore
import Routing
import WebSocketProtocol

/// A path that speaks Engine.IO: handshakes, polls, posts and upgrades, handed to the sessions that they belong to.
///
/// What is written on top of it (Socket.IO, or raw messages) is the ``EngineClient`` that it gives to a new session.
final class EngineEndpoint: Endpoint {
    /// How often a client that goes on polling while it upgrades is told to stop, as the reference server does.
    static let noopPace: Duration = .milliseconds(100)

    let options: GatewayConfiguration.Endpoint
    let sessionConfiguration: SessionConfiguration
    let namespaces: [NamespaceMatcher]
    /// Its place in the configuration's list: the same on every shard.
    private let index: Int
    private let transports: TransportSet
    let authenticator: Authenticator?
    private let crossOrigin: CrossOrigin?
    private let origins: OriginPolicy
    private let bundle: ClientBundle?
    private let forwardedHeaders: [String]

    init(_ options: GatewayConfiguration.Endpoint, index: Int, shard: Shard) {
        self.options = options
        self.index = index
        var transports = TransportSet()
        if options.transports.contains(.polling) { transports.insert(.polling) }
        if options.transports.contains(.websocket) { transports.insert(.websocket) }
        self.transports = transports
        self.sessionConfiguration = SessionConfiguration(
            pingInterval: options.pingInterval, pingTimeout: options.pingTimeout,
            upgradeTimeout: options.upgradeTimeout,
            maxPayload: options.maxHttpBufferSize, transports: transports, allowUpgrades: options.allowUpgrades)
        self.namespaces = options.namespaces.map { rule in
            switch rule.names {
            case .name(let name): .name(name)
            case .pattern(let text, let pattern): .pattern(pattern, text: text, limit: rule.max)
            }
        }
        self.authenticator = shard.core.authenticators[index]
        self.crossOrigin = options.cors.map(CrossOrigin.init)
        self.origins = OriginPolicy(shard.core.configuration.origins, cors: options.cors)
        self.bundle = options.serveClient.flatMap { shard.core.clientBundles[$0] }
        self.forwardedHeaders = shard.core.forwardedHeaders
        // Matched by prefix, so without its slash the path serves both forms.
        let path =
            options.addTrailingSlash || !options.path.hasSuffix("/") ? options.path : String(options.path.dropLast())
        super.init(name: options.name, path: path, shard: shard)
    }

    // MARK: - Requests

    override func bodyLimit(for exchange: HTTPExchange) -> Int { self.options.maxHttpBufferSize }

    /// A body that is too large is refused without a word more, and without harm to the session.
    override func refusal(_ error: RequestError, for exchange: HTTPExchange) -> HTTPResponse? {
        guard error == .bodyTooLarge else { return nil }
        return HTTPResponse(413, headers: self.crossOriginFields(exchange.head.headers.first("origin")), closes: true)
    }

    override func handle(_ exchange: HTTPExchange) {
        let head = exchange.head
        if let bundle = self.bundle, bundle.serve(exchange, under: self.path) { return }
        if head.method == .options, let crossOrigin = self.crossOrigin {
            return exchange.respond(
                crossOrigin.preflight(
                    origin: head.headers.first("origin"),
                    requestedHeaders: head.headers.first("access-control-request-headers")))
        }
        let isUpgrade = head.isWebSocketUpgrade
        guard self.admits(exchange) else { return self.refuse(exchange, .forbidden, isUpgrade: isUpgrade) }
        let query: RequestQuery
        do {
            query = try RequestQuery(parsing: head.rawQuery ?? "")
        } catch {
            return self.refuse(exchange, error, isUpgrade: isUpgrade)
        }
        let method: RequestMethod =
            switch head.method {
            case .get: .get
            case .post: .post
            default: .other
            }
        let intent = RequestIntent(
            method: method, query: query, isWebSocketUpgrade: isUpgrade, allowing: self.transports)
        switch intent {
        case .refuse(let error):
            self.refuse(exchange, error, isUpgrade: isUpgrade)
        case .handshake(.polling):
            self.handshake(exchange, query)
        case .handshake(.websocket):
            self.webSocketHandshake(exchange, query)
        case .poll(let sid):
            self.forward(exchange, sid) { $0.receivePoll($1) }
        case .post(let sid):
            self.forward(exchange, sid) { $0.receivePost($1) }
        case .upgrade(let sid):
            self.upgrade(exchange, sid)
        case .misuse(let sid, let misuse):
            self.refuseMisuse(exchange, sid, misuse, isUpgrade: isUpgrade)
        }
    }

    /// A POST counts from its head on: a second one meanwhile is an error of the client (E7).
    override func announce(_ exchange: HTTPExchange) {
        guard exchange.head.method == .post, let query = try? RequestQuery(parsing: exchange.head.rawQuery ?? ""),
            query.transport == .polling, let sid = query.sid, self.admits(exchange)
        else { return }
        self.forward(exchange, sid) { $0.announcePost($1) }
    }

    /// Gives a request to its session, on whichever loop that lives.
    private func forward(
        _ exchange: HTTPExchange, _ sid: String, _ body: @escaping @Sendable (EngineSession, EngineRequest) -> Void
    ) {
        guard let id = SessionID(sid), id.shard < self.shard.core.shards.count else {
            return self.refuse(exchange, .unknownSession, isUpgrade: false)
        }
        let request = EngineRequest(exchange)
        if id.shard == self.shard.handle.index {
            guard let session = self.session(id) else {
                return self.refuse(exchange, .unknownSession, isUpgrade: false)
            }
            return body(session, request)
        }
        let index = self.index
        self.shard.core.shards[id.shard].execute { shard in
            guard let endpoint = shard.endpoints[index] as? EngineEndpoint else { return }
            guard let session = endpoint.session(id) else { return endpoint.refuse(request, .unknownSession) }
            body(session, request)
        }
    }

    /// A session of this endpoint: one of another path is as unknown as none at all.
    private func session(_ id: SessionID) -> EngineSession? {
        guard let session = self.shard.sessions[id], session.endpoint === self else { return nil }
        return session
    }

    private func refuseMisuse(
        _ exchange: HTTPExchange, _ sid: String, _ misuse: RequestIntent.Misuse, isUpgrade: Bool
    ) {
        guard !isUpgrade else { return self.refuse(exchange, .badRequest, isUpgrade: true) }
        self.forward(exchange, sid) { session, request in
            switch misuse {
            case .transport: session.endpoint.refuse(request, .badRequest)
            case .method: request.reply.respond(HTTPResponse(500))
            }
        }
    }

    /// Whether a page of the request's origin may connect.
    ///
    /// Browsers do not ask before they open a WebSocket, so this is what keeps foreign pages out.
    private func admits(_ exchange: HTTPExchange) -> Bool {
        let headers = exchange.head.headers
        return self.origins.admits(origin: headers.first("origin"), host: headers.first("host"))
    }

    // MARK: - Handshakes

    private func handshake(_ exchange: HTTPExchange, _ query: RequestQuery) {
        guard let session = self.openSession(exchange, query, .polling) else { return }
        session.open(poll: EngineRequest(exchange))
    }

    private func webSocketHandshake(_ exchange: HTTPExchange, _ query: RequestQuery) {
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

    // MARK: - WebSockets

    /// Checks the opening handshake of RFC 6455; answers and returns `false` when it is not one.
    private func checkWebSocket(_ exchange: HTTPExchange) -> Bool {
        let headers = exchange.head.headers
        let verdict = WebSocketProtocol.Handshake.check(
            version: headers.first("sec-websocket-version"), key: headers.first("sec-websocket-key"),
            upgrade: headers.first("upgrade"), connection: headers.first("connection"))
        switch verdict {
        case .ok:
            return true
        case .badVersion:
            exchange.respond(
                HTTPResponse(
                    426, headers: [("sec-websocket-version", "13"), ("upgrade", "websocket")], closes: true))
        case .badRequest:
            self.refuse(exchange, .badRequest, isUpgrade: true)
        }
        return false
    }

    private func acceptWebSocket(_ exchange: HTTPExchange) -> (Connection, leftover: ByteBuffer)? {
        let key = exchange.head.headers.first("sec-websocket-key") ?? ""
        guard let (connection, leftover) = exchange.takeConnection() else { return nil }
        connection.send { WebSocketProtocol.Handshake.writeResponse(key: key, into: &$0) }
        self.counters.countRequest(.get, status: 101)
        return (connection, leftover)
    }

    private func upgrade(_ exchange: HTTPExchange, _ sid: String) {
        guard self.checkWebSocket(exchange) else { return }
        guard let id = SessionID(sid), id.shard < self.shard.core.shards.count else {
            return self.refuse(exchange, .unknownSession, isUpgrade: true)
        }
        guard id.shard == self.shard.handle.index else { return self.upgradeElsewhere(exchange, id) }
        guard let session = self.session(id) else { return self.refuse(exchange, .unknownSession, isUpgrade: true) }
        switch session.receiveUpgrade() {
        case .failure(let error):
            self.refuse(exchange, error, isUpgrade: true)
        case .success(let verdict):
            guard let (connection, leftover) = self.acceptWebSocket(exchange) else { return }
            self.beginProbe(session, connection, leftover, verdict)
        }
    }

    private func beginProbe(
        _ session: EngineSession, _ connection: Connection, _ leftover: ByteBuffer,
        _ verdict: EngineSession.UpgradeVerdict
    ) {
        let stream = WebSocketStream(
            connection: connection, session: verdict == .probe ? session : nil,
            maxMessageSize: self.options.maxHttpBufferSize)
        switch verdict {
        case .probe:
            session.beginProbe(stream)
            connection.become(stream, leftover: leftover)
        case .closeAtOnce:
            connection.become(stream, leftover: ByteBuffer())
            stream.close(code: nil)
        }
    }

    /// The session lives on another loop: its connection moves there, and is never moved again.
    private func upgradeElsewhere(_ exchange: HTTPExchange, _ id: SessionID) {
        let index = self.index
        let key = exchange.head.headers.first("sec-websocket-key") ?? ""
        let target = self.shard.core.shards[id.shard]
        guard let (connection, leftover) = exchange.takeConnection() else { return }
        // Not now: the connection is in the middle of a read, and more of what was read may follow.
        let rest = HandOverStream(leftover)
        connection.become(rest, leftover: ByteBuffer())
        self.handOver(connection, rest, to: target, attempts: 20) { connection, leftover in
            guard let endpoint = connection.shard.endpoints[index] as? EngineEndpoint else { return }
            endpoint.continueUpgrade(connection, leftover, id, key: key)
        }
    }

    /// Moves a connection when all that was answered on it before is on its way.
    private func handOver(
        _ connection: Connection, _ rest: HandOverStream, to target: ShardHandle, attempts: Int,
        _ body: @escaping @Sendable (Connection, ByteBuffer) -> Void
    ) {
        let bound = NIOLoopBound((self, connection, rest), eventLoop: self.shard.loop)
        self.shard.loop.scheduleTask(in: attempts == 20 ? .zero : .milliseconds(5)) {
            let (endpoint, connection, rest) = bound.value
            if let handOver = connection.detach() {
                let leftover = rest.bytes
                DescriptorHandOver.adopt(handOver, on: target, listener: connection.listener) { body($0, leftover) }
            } else if attempts > 0, connection.bufferedBytes > 0 {
                endpoint.handOver(connection, rest, to: target, attempts: attempts - 1, body)
            } else {
                connection.close(.done)
            }
        }
    }

    private func continueUpgrade(_ connection: Connection, _ leftover: ByteBuffer, _ id: SessionID, key: String) {
        let verdict = self.session(id).map { $0.receiveUpgrade() } ?? .failure(.unknownSession)
        switch verdict {
        case .failure(let error):
            connection.send { Self.writeRefusal(error, into: &$0) }
            connection.become(ByteStream(), leftover: ByteBuffer())
            connection.closeAfterFlush()
        case .success(let verdict):
            guard let session = self.session(id) else { return connection.close(.done) }
            connection.send { WebSocketProtocol.Handshake.writeResponse(key: key, into: &$0) }
            self.counters.countRequest(.get, status: 101)
            self.beginProbe(session, connection, leftover, verdict)
        }
    }

    // MARK: - Answers

    /// Answers a poll with a packet of the protocol's own.
    func answerPoll(_ request: EngineRequest, _ packet: PacketType) {
        self.answerPoll(request, ByteBuffer(bytes: [packet.rawValue]), sid: nil, compress: false)
    }

    func answerPoll(
        _ request: EngineRequest, _ body: ByteBuffer, isHandshake: Bool = false, sid: SessionID?, compress: Bool
    ) {
        let headers = Self.pollHeaders
        if request.isPlain, !isHandshake || self.options.cookie == nil, self.crossOrigin == nil,
            !compress || self.options.httpCompression.map({ body.readableBytes < $0 }) ?? true
        {
            return request.reply.respond(
                HTTPResponse(200, headers: headers, body: body, prepared: self.preparedPoll))
        }
        self.answerUnusualPoll(request, body, isHandshake: isHandshake, sid: sid, compress: compress)
    }

    private static let ok = ByteBuffer(string: "ok")
    private let preparedPoll = try? PreparedHead(
        status: 200, headers: EngineEndpoint.pollHeaders.map { ($0.name, $0.value) }, keepAlive: true)
    private let preparedPost = try? PreparedHead(
        status: 200, headers: EngineEndpoint.postHeaders.map { ($0.name, $0.value) }, keepAlive: true)
    private static let pollHeaders = [
        (name: "content-type", value: "text/plain; charset=UTF-8"), (name: "cache-control", value: "no-store"),
    ]
    private static let postHeaders = [
        (name: "content-type", value: "text/html"), (name: "cache-control", value: "no-store"),
    ]

    /// With a cookie, for another origin, compressed, or for an old browser.
    private func answerUnusualPoll(
        _ request: EngineRequest, _ body: ByteBuffer, isHandshake: Bool, sid: SessionID?, compress: Bool
    ) {
        var headers = Self.pollHeaders
        if isHandshake, let cookie = self.options.cookie, let sid {
            headers.append(("set-cookie", cookie.field(value: sid.string)))
        }
        var body = body
        if compress, let threshold = self.options.httpCompression, body.readableBytes >= threshold,
            let encoding = request.acceptEncoding.flatMap(ContentEncoding.init(accepting:)),
            let compressed = self.shard.compressor.compress(body, encoding)
        {
            headers.append(("content-encoding", encoding.rawValue))
            body = compressed
        }
        self.answer(request, HTTPResponse(200, headers: headers, body: body))
    }

    func answerPost(_ request: EngineRequest) {
        let prepared = request.isPlain && self.crossOrigin == nil ? self.preparedPost : nil
        let response = HTTPResponse(200, headers: Self.postHeaders, body: Self.ok, prepared: prepared)
        if prepared != nil { request.reply.respond(response) } else { self.answer(request, response) }
    }

    func refuse(_ request: EngineRequest, _ error: ProtocolError) {
        self.answer(request, Self.refusal(error))
    }

    private func refuse(_ exchange: HTTPExchange, _ error: ProtocolError, isUpgrade: Bool) {
        if isUpgrade {
            exchange.respond(HTTPResponse(400, text: error.message, contentType: "text/html", closes: true))
        } else {
            self.refuse(EngineRequest(exchange), error)
        }
    }

    private static func writeRefusal(_ error: ProtocolError, into buffer: inout ByteBuffer) {
        try? ResponseHead.write(
            status: 400, headers: [("content-type", "text/html")], contentLength: error.message.utf8.count,
            keepAlive: false, into: &buffer)
        buffer.writeString(error.message)
    }

    private static func refusal(_ error: ProtocolError) -> HTTPResponse {
        var body = ByteBuffer()
        error.writeJSON(into: &body)
        return HTTPResponse(error.httpStatus, headers: [("content-type", "application/json")], body: body)
    }

    private func answer(_ request: EngineRequest, _ response: HTTPResponse) {
        var response = response
        response.headers += self.crossOriginFields(request.origin)
        if request.isInternetExplorer { response.headers.append(("x-xss-protection", "0")) }
        request.reply.respond(response)
    }

    private func crossOriginFields(_ origin: String?) -> [(name: String, value: String)] {
        self.crossOrigin?.fields(origin: origin) ?? []
    }
}

extension GatewayConfiguration.Cookie {
    /// The value of `Set-Cookie` (RFC 6265).
    fileprivate func field(value: String) -> String {
        var field = "\(self.name)=\(value)"
        if let maxAge = self.maxAge { field += "; Max-Age=\(maxAge.components.seconds)" }
        if let domain = self.domain { field += "; Domain=\(domain)" }
        field += "; Path=\(self.path)"
        if self.httpOnly { field += "; HttpOnly" }
        if self.secure { field += "; Secure" }
        switch self.sameSite {
        case .strict: field += "; SameSite=Strict"
        case .lax: field += "; SameSite=Lax"
        case .none: field += "; SameSite=None"
        }
        return field
    }
}
