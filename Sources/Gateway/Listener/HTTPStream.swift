import HTTP1
import NIOCore

/// HTTP/1.1 on one connection: requests in, one answer at a time out, in order.
///
/// While a request waits for its answer, later ones stay unparsed, and so they do while the peer has
/// ``maxWaitingOutput`` to read, and after ``maxRequestsPerTurn``; when they come to more than ``maxPipelinedBytes``,
/// reading stops until it goes on.
final class HTTPStream: ByteStream {
    /// Enough for the requests that a client sends ahead; a flood of them stays in the kernel and at the sender.
    static let maxPipelinedBytes = 65_536
    /// Answers of so many bytes that are not on their way hold back the next request: a small request may have a large
    /// answer, and thousands of them fit into one read.
    static let maxWaitingOutput = 65_536
    /// Requests of one connection after which others have their turn: one read may bring two thousand.
    static let maxRequestsPerTurn = 8
    /// Until a connection has its next turn.
    ///
    /// A timer and not a task: the loop runs tasks until there are none, before it looks at other connections.
    private static let pause: Duration = .milliseconds(1)
    /// How long a connection may stay open between two requests.
    ///
    /// Proxies keep theirs for 60 s.
    static let keepAlive: Duration = .seconds(75)

    /// Memory for input that is kept from one request to the next: that of usual requests.
    private static let maxKeptInput = 4_096

    private let connection: Connection
    // These are looked at a dozen times a request, and nothing that they are handed to calls back: checks at run time that say
    // so were a fifth of the 143 of a polling echo, at some 5 ns each.
    @exclusivity(unchecked) private var parser = RequestParser()
    /// Bytes that are not parsed yet.
    @exclusivity(unchecked) private var input = ByteBuffer()
    @exclusivity(unchecked) private var exchange: HTTPExchange?
    /// The exchange of the last request, for the next one: unless somebody holds it still.
    @exclusivity(unchecked) private var spare: HTTPExchange?
    /// The request at hand is complete and waits for its answer.
    private var awaitsAnswer = false
    /// The next request is looked at after a pause, and when the peer has read more.
    private var isHeldBack = false
    /// The peer has ended its side; what it sent before is still answered.
    private var isInputClosed = false
    private var isProcessing = false
    private var isOver = false
    private var closesAfterAnswer = false
    private var requests: UInt32 = 0
    /// When the peer must have done what it is waited for; `nil` while it waits for us.
    @exclusivity(unchecked) private var deadline: ContinuousClock.Instant?
    /// Looks at the deadline once a second, as long as there is one: deadlines move with every request, and a timer for
    /// each would outnumber the requests by far.
    private let timerSlot = TimerSlot()
    private var isTicking = false
    @exclusivity(unchecked) private var bodyBegan: ContinuousClock.Instant?

    init(connection: Connection) {
        self.connection = connection
        super.init()
        self.timerSlot.set(self)
        // From the accept to the end of the first request's head.
        let limit = connection.shard.limits.handshake
        self.watch(connection.refusal == nil ? limit : min(limit, Self.refusedPatience))
    }

    /// How long a connection that will be refused may take to ask for something.
    private static let refusedPatience: Duration = .seconds(5)

    /// Between two requests.
    var isIdle: Bool { self.exchange == nil && !self.awaitsAnswer && !self.isHeldBack }

    override var heldBytes: Int { self.input.readableBytes + (self.exchange?.bodyBytes ?? 0) }

    override func received(_ bytes: UnsafeMutableRawBufferPointer) {
        guard !self.isOver else { return }
        if self.input.readableBytes == 0, self.exchange == nil, !self.awaitsAnswer {
            self.reclaim()
            // The memory of the last request, if nobody reads in it any more.
            self.input.clear(minimumCapacity: bytes.count)
            self.input.writeBytes(UnsafeRawBufferPointer(bytes))
            self.deadline = nil
        } else {
            self.input.writeBytes(UnsafeRawBufferPointer(bytes))
        }
        self.process()
    }

    /// What the last request has taken serves the next one.
    private func reclaim() {
        guard isKnownUniquelyReferenced(&self.spare), let spare = self.spare else { return }
        if let head = spare.end() { self.parser.reuse(head) }
    }

    /// Keeps nothing for a request that may be long in coming.
    private func releaseMemory() {
        self.spare = nil
        self.input = ByteBuffer()
        self.parser.releaseMemory()
    }

    private func process() {
        guard !self.isProcessing else { return self.bound() }
        self.isProcessing = true
        defer { self.isProcessing = false }
        var turn = Self.maxRequestsPerTurn
        while !self.awaitsAnswer, !self.isOver, !self.isHeldBack {
            if self.exchange == nil {
                guard self.input.readableBytes > 0 else { break }
                guard turn > 0, self.connection.bufferedBytes <= Self.maxWaitingOutput else {
                    self.holdBack()
                    break
                }
            }
            do throws(RequestError) {
                guard let event = try self.parser.next(&self.input) else {
                    self.announce()
                    break
                }
                switch event {
                case .head(let head): self.begin(head)
                case .body(let part): self.exchange?.append(part)
                case .end:
                    turn -= 1
                    self.dispatch()
                }
            } catch {
                self.refuse(error)
            }
        }
        if self.input.readableBytes == 0, self.input.writerIndex > Self.maxKeptInput { self.input = ByteBuffer() }
        self.awaitRest()
        self.bound()
        if self.isInputClosed, !self.awaitsAnswer, !self.isHeldBack, !self.isOver { self.connection.closeAfterFlush() }
    }

    /// What has come is not a whole request: from now on the rest of it is waited for.
    ///
    /// Most requests come whole, and cost no look at the clock.
    private func awaitRest() {
        guard !self.awaitsAnswer, !self.isOver, !self.isHeldBack, self.deadline == nil else { return }
        if self.exchange != nil {
            self.bodyBegan = .now
            self.watch(Self.bodyCeiling)
        } else {
            // Between two requests the next look at the deadline starts the time, which is long.
            guard self.input.readableBytes > 0 || !self.isTicking else { return }
            self.watch(self.input.readableBytes == 0 ? Self.keepAlive : self.connection.shard.limits.header)
        }
    }

    /// Reads no more while a request waits for its turn or its answer and enough has come after it.
    private func bound() {
        guard !self.isOver else { return }
        let isWaiting = self.awaitsAnswer || self.isHeldBack
        self.connection.setReadsPaused(isWaiting && self.input.readableBytes > Self.maxPipelinedBytes)
    }

    /// Looks at the next request after a pause and when what was answered so far has gone.
    private func holdBack() {
        self.isHeldBack = true
        // Whether the peer reads is the connection's to watch.
        self.deadline = nil
        self.connection.shard.timers.schedule(after: Self.pause, slot: self.timerSlot, token: 1)
    }

    private func resume() {
        guard self.isHeldBack, !self.isOver, self.connection.isWritable else { return }
        self.isHeldBack = false
        self.process()
    }

    override func outputDrained() { self.resume() }

    private func begin(_ head: RequestHead) {
        let exchange = self.exchange(for: head)
        self.exchange = exchange
        let endpoints = self.connection.shard.endpoints
        exchange.endpoint = endpoints.endpoint(for: head, from: self.connection.listener)
        guard head.body != .none else { return }
        let limit = endpoints.bodyLimit(for: exchange)
        self.parser.limitBody(to: limit)
        if case .length(let length) = head.body, length > limit { return }
        if head.expectsContinue { self.connection.send { $0.writeStaticString("HTTP/1.1 100 Continue\r\n\r\n") } }
        self.deadline = nil
    }

    private func exchange(for head: RequestHead) -> HTTPExchange {
        guard isKnownUniquelyReferenced(&self.spare), let exchange = self.spare.take() else {
            self.spare = nil
            return HTTPExchange(head: head, stream: self, connection: self.connection)
        }
        exchange.begin(head, stream: self)
        return exchange
    }

    /// The head of a request has come and its body has not: whoever the request is for may want to know already.
    private func announce() {
        guard let exchange = self.exchange, !exchange.isAnnounced else { return }
        exchange.isAnnounced = true
        self.connection.shard.endpoints.announce(exchange)
    }

    private func dispatch() {
        guard let exchange = self.exchange else { return }
        self.requests &+= 1
        guard self.connection.refusal == nil else {
            // At HTTP level, because a stock client backs off from a 503 and hammers when it is simply closed.
            self.awaitsAnswer = true
            return exchange.respond(HTTPResponse(503, headers: [("retry-after", "1")], closes: true))
        }
        self.awaitsAnswer = true
        self.deadline = nil
        self.bodyBegan = nil
        self.connection.shard.endpoints.handle(exchange)
    }

    /// A request that is not well-formed gets one answer, and the connection is closed: nobody can say where the next
    /// request would start.
    private func refuse(_ error: RequestError) {
        self.isOver = true
        self.connection.shard.counters.parseErrorsHTTP &+= 1
        var headers: [(name: String, value: String)] = []
        if error.status == 426 { headers = [("sec-websocket-version", "13"), ("upgrade", "websocket")] }
        let exchange = self.exchange
        let response =
            self.connection.shard.endpoints.refusal(error, for: exchange)
            ?? HTTPResponse(error.status, headers: headers)
        self.emit(response, for: exchange, keepAlive: false)
        self.connection.closeAfterFlush()
    }

    /// Writes the answer of an exchange, and goes on with what was pipelined behind it.
    func write(_ response: HTTPResponse, for exchange: HTTPExchange) {
        guard self.exchange === exchange, !self.isOver else { return }
        let keepAlive = self.staysOpen(after: exchange.head) && !response.closes
        self.emit(response, for: exchange, keepAlive: keepAlive)
        self.answered(exchange, keepAlive: keepAlive)
    }

    /// Writes an answer of which only the body is new: nearly all that polling clients get.
    func write(_ form: AnswerForms.Form, _ body: UnsafeRawBufferPointer, for exchange: HTTPExchange) {
        guard self.exchange === exchange, !self.isOver else { return }
        let head = exchange.head
        guard let prepared = form.prepared, self.staysOpen(after: head), head.version == .http11,
            head.method != .head, body.count <= Self.maxCopiedBody
        else {
            return self.write(HTTPResponse(form, body: ByteBuffer(bytes: body)), for: exchange)
        }
        (exchange.counters ?? self.connection.shard.unservedCounters).countRequest(head.method, status: 200)
        self.connection.send { prepared.write(body: body, into: &$0) }
        self.answered(exchange, keepAlive: true)
    }

    /// Whether another request may follow the one with that head, after its answer.
    private func staysOpen(after head: RequestHead) -> Bool {
        // Answered before its body was read: what follows cannot be told from the next request.
        head.keepAlive && self.awaitsAnswer && !self.closesAfterAnswer
    }

    private func answered(_ exchange: HTTPExchange, keepAlive: Bool) {
        self.exchange = nil
        self.spare = exchange
        self.awaitsAnswer = false
        guard keepAlive else {
            self.isOver = true
            return self.connection.closeAfterFlush()
        }
        // Not from within `process`: its loop goes on by itself.
        self.process()
    }

    /// A small body goes with its head; a large one is not copied.
    private static let maxCopiedBody = 16_384

    private func emit(_ response: HTTPResponse, for exchange: HTTPExchange?, keepAlive: Bool) {
        let counters = exchange?.counters ?? self.connection.shard.unservedCounters
        counters.countRequest(exchange?.head.method, status: response.status)
        let hasBody = exchange?.head.method != .head
        let isLarge = response.body.readableBytes > Self.maxCopiedBody
        var isRefused = false
        self.connection.send { buffer in
            do throws(ResponseHead.Refusal) {
                try response.writeHead(keepAlive: keepAlive, version: exchange?.head.version ?? .http11, into: &buffer)
                if hasBody, !isLarge { buffer.writeImmutableBuffer(response.body) }
            } catch {
                // Something that must not be in a head was about to get there.
                isRefused = true
                buffer.writeString("HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            }
        }
        if isRefused {
            self.isOver = true
            self.connection.closeAfterFlush()
        } else if hasBody, isLarge {
            self.connection.send(response.body)
        }
    }

    /// Ends HTTP on this connection for an upgrade.
    ///
    /// Returns what followed the request.
    func surrender() -> ByteBuffer? {
        guard !self.isOver, self.awaitsAnswer else { return nil }
        self.isOver = true
        self.exchange = nil
        self.spare = nil
        self.timerSlot.cancelAll()
        self.connection.setReadsPaused(false)
        defer { self.input = ByteBuffer() }
        return self.input
    }

    override func inputClosed() {
        self.isInputClosed = true
        guard self.awaitsAnswer, let exchange = self.exchange else {
            // What was answered before is still on its way out.
            if !self.isHeldBack { self.connection.closeAfterFlush() }
            return
        }
        // Half-closed: an answer in the making is still given.
        self.closesAfterAnswer = true
        self.abandonPoll(exchange)
    }

    override func peerEndsBehindPause() {
        if self.awaitsAnswer, let exchange = self.exchange { self.abandonPoll(exchange) }
    }

    /// A held poll is over, because nobody can tell a client that has ended its side from one that has gone; but not
    /// before the turn has ended, which may be about to answer it.
    private func abandonPoll(_ exchange: HTTPExchange) {
        guard exchange.isHeld else { return }
        let bound = NIOLoopBound(self, eventLoop: self.connection.shard.loop)
        self.connection.shard.loop.execute {
            let stream = bound.value
            if stream.awaitsAnswer, stream.exchange?.isHeld == true { stream.connection.closeAfterFlush() }
        }
    }

    override func connectionClosed(_ end: ConnectionEnd) {
        self.isOver = true
        self.timerSlot.cancelAll()
        self.releaseMemory()
        self.exchange.take()?.abort()
    }

    // MARK: - Deadlines

    private static let tick: Duration = .seconds(1)
    /// The most time that a body may take, however steadily it comes.
    private static let bodyCeiling: Duration = .seconds(300)
    /// After this a body must have come at ``bodyRate`` on average.
    private static let bodyGrace: Duration = .seconds(5)
    /// Bytes per second: far below any working network, far above a trickle that is meant to hold a connection.
    private static let bodyRate = 500.0

    private func isBodyTooSlow(_ now: ContinuousClock.Instant) -> Bool {
        guard let began = self.bodyBegan, let exchange = self.exchange else { return false }
        let elapsed = began.duration(to: now)
        return elapsed > Self.bodyGrace
            && Double(exchange.bodyBytes) < Self.bodyRate * (elapsed / .seconds(1))
    }

    private func watch(_ delay: Duration) {
        let now = ContinuousClock.now
        self.deadline = now + delay
        guard !self.isTicking else { return }
        self.isTicking = true
        self.connection.shard.timers.schedule(after: Self.tick, slot: self.timerSlot, token: 0, now: now)
    }
}

extension HTTPStream: TimerTarget {
    /// Token 0 is a look at the deadline, 1 the end of a pause.
    func timerFired(token: UInt32, now: ContinuousClock.Instant) {
        guard token == 0 else { return self.resume() }
        self.isTicking = false
        guard !self.isOver, !self.awaitsAnswer, !self.isHeldBack else { return }
        guard let deadline = self.deadline else { return self.watch(Self.keepAlive) }
        guard now >= deadline || self.isBodyTooSlow(now) else {
            self.isTicking = true
            // No request since the last look.
            if self.exchange == nil, self.input.readableBytes == 0 { self.releaseMemory() }
            return self.connection.shard.timers.schedule(after: Self.tick, slot: self.timerSlot, token: 0, now: now)
        }
        if self.exchange == nil, self.input.readableBytes == 0 {
            // A long answer is still being read.
            guard self.connection.bufferedBytes == 0 else { return self.watch(Self.keepAlive) }
            // Idle between requests: closing is no surprise.
            if self.requests > 0 { self.connection.close(.done) } else { self.connection.close(.timeout) }
            return
        }
        self.refuse(.timeout)
    }
}
