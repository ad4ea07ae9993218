import Configuration
import HTTP1
import JSONScanner
import NIOCore
import PlainEvents

/// A path for clients that fetch their events by plain requests, one after the other.
///
/// A GET without a cursor begins a session and is answered at once; each later one brings the cursor of the last answer, and
/// waits until there is something to say. A POST sends one event, or the answer to one.
final class LongPollEndpoint: PlainEndpoint {
    private static let jsonHeaders = [
        (name: "content-type", value: "application/json"), (name: "cache-control", value: "no-store"),
    ]
    private static let postHeaders = [(name: "cache-control", value: "no-store")]
    private let preparedAnswer = try? PreparedHead(
        status: 200, headers: LongPollEndpoint.jsonHeaders.map { ($0.name, $0.value) }, keepAlive: true)

    override func bodyLimit(for exchange: HTTPExchange) -> Int {
        exchange.head.method == .post ? self.options.maxMessageSize : 0
    }

    override func handle(_ exchange: HTTPExchange) {
        guard self.admits(exchange) else { return self.refuseOrigin(exchange) }
        if self.answersPreflight(exchange) { return }
        let isPost = exchange.head.method == .post
        guard isPost || exchange.head.method == .get else { return self.refuseMethod(exchange, allowed: "GET, POST") }
        let request = PollRequest(exchange)
        do throws(PollRefusal) {
            let query = try PollQuery(exchange.head.query, maxWait: self.options.maxWait)
            if isPost { return try self.post(request, query) }
            guard let cursor = query.cursor else { return self.begin(exchange, query) }
            try self.poll(request, query, cursor, exchange)
        } catch {
            self.refuse(request, error)
        }
    }

    private func poll(
        _ request: PollRequest, _ query: PollQuery, _ cursor: PollCursor, _ exchange: HTTPExchange
    ) throws(PollRefusal) {
        guard case .count(let count) = cursor.place else {
            // It knows: nothing has to be kept for it any more.
            self.forward(cursor) { client, _ in client?.end(.forcedServerClose) }
            throw .disconnected
        }
        let bound = NIOLoopBound((self, exchange, query), eventLoop: self.shard.loop)
        self.forward(cursor) { client, home in
            if let client { return client.receive(request, cursor: count, wait: query.wait) }
            home.onLoop {
                let (endpoint, exchange, query) = bound.value
                endpoint.begin(exchange, query)
            }
        }
    }

    private func post(_ request: PollRequest, _ query: PollQuery) throws(PollRefusal) {
        guard let cursor = query.cursor else { throw .noSession }
        guard case .count = cursor.place else { throw .disconnected }
        let bound = NIOLoopBound(self, eventLoop: self.shard.loop)
        self.forward(cursor) { client, home in
            if let client { return client.receive(post: request) }
            home.onLoop { bound.value.refuse(request, .noSession) }
        }
    }

    /// The loop that a request came on.
    private struct Home: Sendable {
        let handle: ShardHandle

        func onLoop(_ body: @escaping @Sendable () -> Void) {
            if self.handle.loop.inEventLoop { body() } else { self.handle.loop.execute(body) }
        }
    }

    /// Looks up the session of a cursor, on whichever loop that lives; `nil`: there is none of this path.
    private func forward(_ cursor: PollCursor, _ body: @escaping @Sendable (LongPollClient?, Home) -> Void) {
        let home = Home(handle: self.shard.handle)
        guard let id = SessionID(cursor.session), id.shard < self.shard.core.shards.count else {
            return body(nil, home)
        }
        let path = self.path
        if id.shard == self.shard.handle.index { return body(self.shard.longPollClient(id, path: path), home) }
        self.shard.core.shards[id.shard].execute { body($0.longPollClient(id, path: path), home) }
    }

    /// A client without a session: a new one, or one whose session has ended.
    private func begin(_ exchange: HTTPExchange, _ query: PollQuery) {
        // Its connection may have gone while its session was looked for on another loop.
        guard !exchange.isAnswered, self.admitsSession(exchange) else { return }
        let handshake = self.handshakeInfo(exchange, query: query.application)
        LongPollClient(endpoint: self, handshake: handshake, cursor: query.cursor).enter(by: exchange)
    }

    // MARK: - Answers

    func answer(_ request: PollRequest, _ answer: PollAnswer, _ messages: [ByteBuffer]) {
        var body = ByteBuffer()
        answer.write(messages, into: &body)
        self.respond(
            request,
            HTTPResponse(
                200, headers: Self.jsonHeaders, body: body,
                prepared: self.crossOrigin == nil ? self.preparedAnswer : nil))
    }

    /// Answers that what was sent has been taken.
    func accept(_ request: PollRequest) { self.respond(request, HTTPResponse(204, headers: Self.postHeaders)) }

    func refuse(_ request: PollRequest, _ refusal: PollRefusal) {
        var body = Array("{\"message\":".utf8)
        body += JSONWriter.quoted(refusal.message)
        body += Array("}".utf8)
        var response = HTTPResponse(refusal.status, json: body)
        if refusal.status == 429 { response.headers.append(("retry-after", "1")) }
        self.respond(request, response)
    }

    private func respond(_ request: PollRequest, _ response: HTTPResponse) {
        var response = response
        response.headers += self.crossOriginFields(request.origin)
        request.reply.respond(response)
    }
}

extension Shard {
    /// A session of that path, perhaps from before a reload.
    fileprivate func longPollClient(_ id: SessionID, path: String) -> LongPollClient? {
        guard let client = self.plainClients[id] as? LongPollClient, client.endpoint.path == path else { return nil }
        return client
    }
}
