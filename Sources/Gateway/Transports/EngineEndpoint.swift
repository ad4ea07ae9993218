import Configuration
import EngineIO
import HTTP1
import NIOCore
import Routing
import WebSocketProtocol

/// A path that speaks Engine.IO: handshakes, polls, posts and upgrades, handed to the sessions that they belong to.
///
/// What is written on top of it (Socket.IO, or raw messages) is the ``EngineClient`` that it gives to a new session.
final class EngineEndpoint: ClientEndpoint {
    /// How often a client that goes on polling while it upgrades is told to stop, as the reference server does.
    static let noopPace: Duration = .milliseconds(100)

    let sessionConfiguration: SessionConfiguration
    /// For clients of protocol 3.
    let sessionConfiguration3: SessionConfiguration
    private let transports: TransportSet
    private let bundle: ClientBundle?
    let answerForms: AnswerForms

    init(_ options: GatewayConfiguration.Endpoint, index: Int, shard: Shard) {
        var transports = TransportSet()
        if options.transports.contains(.polling) { transports.insert(.polling) }
        if options.transports.contains(.websocket) { transports.insert(.websocket) }
        self.transports = transports
        func configuration(_ revision: ProtocolRevision) -> SessionConfiguration {
            SessionConfiguration(
                revision: revision, pingInterval: options.pingInterval, pingTimeout: options.pingTimeout,
                upgradeTimeout: options.upgradeTimeout, maxPayload: options.maxHttpBufferSize, transports: transports,
                allowUpgrades: options.allowUpgrades)
        }
        self.sessionConfiguration = configuration(.four)
        self.sessionConfiguration3 = configuration(.three)
        self.answerForms = AnswerForms(options.cors.map(CrossOrigin.init))
        self.bundle = options.serveClient.flatMap { shard.generation.clientBundles[$0] }
        // Matched by prefix, so without its slash the path serves both forms.
        let path =
            options.addTrailingSlash || !options.path.hasSuffix("/") ? options.path : String(options.path.dropLast())
        super.init(options, index: index, path: path, shard: shard)
    }

    // MARK: - Requests

    override func bodyLimit(for exchange: HTTPExchange) -> Int { self.options.maxHttpBufferSize }

    override func handle(_ exchange: HTTPExchange) {
        let head = exchange.head
        if !head.hasQuery, let bundle = self.bundle, bundle.serve(exchange, under: self.path) { return }
        if head.method == .options, self.answersPreflight(exchange) { return }
        guard !head.mayHave("origin") || self.admits(exchange) else {
            return self.refuse(exchange, .forbidden, isUpgrade: head.isWebSocketUpgrade)
        }
        head.withRawQuery { query in
            do throws(ProtocolError) {
                self.handle(exchange, head, try RequestQuery(parsing: query))
            } catch {
                self.refuse(exchange, error, isUpgrade: head.isWebSocketUpgrade)
            }
        }
    }

    private func handle(_ exchange: HTTPExchange, _ head: RequestHead, _ query: RequestQuery) {
        let isUpgrade = head.isWebSocketUpgrade
        let method: RequestMethod =
            switch head.method {
            case .get: .get
            case .post: .post
            default: .other
            }
        let intent = RequestIntent(
            method: method, query: query, isWebSocketUpgrade: isUpgrade, allowing: self.transports,
            allowsRevision3: self.options.allowEIO3)
        switch intent {
        case .refuse(let error):
            self.refuse(exchange, error, isUpgrade: isUpgrade)
        case .handshake(.polling):
            self.handshake(exchange, query)
        case .handshake(.websocket):
            self.webSocketHandshake(exchange, query)
        case .poll(let sid):
            self.forward(exchange, sid, .poll)
        case .post(let sid):
            self.forward(exchange, sid, .post)
        case .upgrade(let sid):
            self.upgrade(exchange, sid, wantsBase64: query.wantsBase64)
        case .misuse(let sid, let misuse):
            guard !isUpgrade else { return self.refuse(exchange, .badRequest, isUpgrade: true) }
            self.forward(exchange, sid, .misuse(misuse))
        }
    }

    private static func query(of head: RequestHead) throws(ProtocolError) -> RequestQuery {
        var result: Result<RequestQuery, ProtocolError> = .failure(.badRequest)
        head.withRawQuery { bytes in
            result = Result { () throws(ProtocolError) in try RequestQuery(parsing: bytes) }
        }
        return try result.get()
    }

    /// A POST counts from its head on: a second one meanwhile is an error of the client (E7).
    override func announce(_ exchange: HTTPExchange) {
        guard exchange.head.method == .post, let query = try? Self.query(of: exchange.head),
            query.transport == .polling, let sid = query.sid, self.admits(exchange)
        else { return }
        self.forward(exchange, sid, .announcePost)
    }

    /// What a request wants of its session.
    enum Errand: Sendable {
        case poll, post
        /// The body of a POST is still on the way.
        case announcePost
        case misuse(RequestIntent.Misuse)
    }

    /// Gives a request to its session, on whichever loop that lives.
    private func forward(_ exchange: HTTPExchange, _ sid: SessionName, _ errand: Errand) {
        let shard = self.shard
        guard let id = SessionID(sid), id.shard < shard.core.shards.count else {
            return self.refuse(exchange, .unknownSession, isUpgrade: false)
        }
        let request = EngineRequest(exchange)
        if id.shard == shard.handle.index { return self.receive(request, errand, id) }
        let path = self.path
        shard.core.shards[id.shard].execute { shard in
            guard let endpoint = shard.endpoints[path] as? EngineEndpoint else {
                return request.reply.respond(Self.refusal(.unknownSession))
            }
            endpoint.receive(request, errand, id)
        }
    }

    /// A request for a session of this loop.
    private func receive(_ request: EngineRequest, _ errand: Errand, _ id: SessionID) {
        guard let session = self.session(id) else { return self.refuse(request, .unknownSession) }
        switch errand {
        case .poll: session.receivePoll(request)
        case .post: session.receivePost(request)
        case .announcePost: session.announcePost(request)
        case .misuse(.transport): session.endpoint.refuse(request, .badRequest)
        case .misuse(.method): request.reply.respond(HTTPResponse(500))
        }
    }

    /// A session of this path, perhaps from before a reload: one of another path is as unknown as none at all.
    func session(_ id: SessionID) -> EngineSession? {
        guard let session = self.shard.sessions[id], session.endpoint === self || session.endpoint.path == self.path
        else { return nil }
        return session
    }

    override func refuseLongQuery(_ exchange: HTTPExchange) {
        let message = "Query too long"
        guard !exchange.head.isWebSocketUpgrade else {
            return exchange.respond(HTTPResponse(414, text: message, contentType: "text/html", closes: true))
        }
        var body = ByteBuffer()
        ProtocolError.badRequest.writeJSON(message: message, into: &body)
        self.answer(
            EngineRequest(exchange), HTTPResponse(414, headers: [("content-type", "application/json")], body: body))
    }

    override func refuseWebSocket(_ exchange: HTTPExchange) {
        self.refuse(exchange, .badRequest, isUpgrade: true)
    }
}
