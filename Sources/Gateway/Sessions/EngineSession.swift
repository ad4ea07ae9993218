import EngineIO
import NIOCore

/// The I/O of an Engine.IO session: does what its machine decides, with the poll, the POST and the WebSockets at hand.
///
/// Lives on its shard's loop. Requests may come from connections of other loops; their answers find their way back by
/// themselves.
final class EngineSession {
    private struct OpenPoll {
        var request: EngineRequest
        /// The answer to the handshake, which carries the cookie.
        var isHandshake: Bool
        var number: UInt32
    }

    private struct OpenPost {
        var request: EngineRequest
        var rest: ByteBuffer
        /// All packets have been handled; the answer is held back while reading is paused.
        var isRead = false
    }

    /// What a timer was set for; the machine knows what is due, so all mean the same.
    private static let timerToken: UInt32 = 0
    /// A POST is to be read on.
    private static let postToken: UInt32 = 1
    /// How many packets of a POST are handled in one turn of the loop.
    private static let packetsPerTurn = 512

    let id: SessionID
    let shard: Shard
    let endpoint: EngineEndpoint
    let client: EngineClient
    private var machine: EngineIO.Session
    private var current: WebSocketStream?
    private var probing: WebSocketStream?
    private var poll: OpenPoll?
    /// Numbers the polls that were held.
    private var polls: UInt32 = 0
    private var post: OpenPost?
    /// The POST whose head has come and whose body has not.
    private var announcedPost: ObjectIdentifier?
    private let timerSlot = TimerSlot()
    private var isPaused = false
    private var isDirty = false
    private var budget: MessageBudget
    private var isOver = false
    /// Whether what is queued for the next poll may be compressed.
    private var mayCompress = false

    init(
        id: SessionID, transport: Transport, endpoint: EngineEndpoint, client: EngineClient,
        now: ContinuousClock.Instant
    ) {
        self.id = id
        self.shard = endpoint.shard
        self.endpoint = endpoint
        self.client = client
        self.machine = EngineIO.Session(transport: transport, configuration: endpoint.sessionConfiguration, now: now)
        self.budget = MessageBudget(perSecond: endpoint.shard.limits.messagesPerSecond, now: now)
        client.session = self
        self.timerSlot.set(self)
        self.shard.sessions[id] = self
        endpoint.counters.sessionOpened(transport)
        self.shard.timers.schedule(
            after: endpoint.sessionConfiguration.pingInterval, slot: self.timerSlot, token: Self.timerToken, now: now)
    }

    var transport: Transport { self.machine.transport }
    var isOpen: Bool { self.machine.isOpen }

    // MARK: - Opening

    /// The handshake came by GET: its answer is the first payload.
    func open(poll request: EngineRequest) {
        self.hold(request, isHandshake: true)
        self.sendHandshake()
        self.client.opened()
    }

    /// The handshake came as a WebSocket.
    func open(webSocket stream: WebSocketStream) {
        self.current = stream
        self.sendHandshake()
        self.client.opened()
    }

    private func sendHandshake() {
        let data = HandshakeData(
            sid: self.id.string, transport: self.machine.transport, configuration: self.endpoint.sessionConfiguration)
        self.send(.framed(reserving: 160) { data.write(into: &$0) }, compress: false)
    }

    // MARK: - Requests

    func receivePoll(_ request: EngineRequest) {
        let now = ContinuousClock.now
        switch self.machine.receivePoll(now: now) {
        case .answer:
            self.poll = OpenPoll(request: request, isHandshake: false, number: self.polls)
            self.answerPoll()
        case .answerNoop:
            self.endpoint.answerPoll(request, .noop)
        case .hold:
            self.hold(request, isHandshake: false)
            if self.machine.isProbing { self.schedule(after: EngineEndpoint.noopPace, now: now) }
        case .refuse(let error, let ending):
            if let ending { self.finish(ending) }
            self.endpoint.refuse(request, error)
        }
    }

    /// Keeps a poll until there is something to say.
    ///
    /// Its connection may go away before that.
    private func hold(_ request: EngineRequest, isHandshake: Bool) {
        self.polls &+= 1
        let number = self.polls
        self.poll = OpenPoll(request: request, isHandshake: isHandshake, number: number)
        let loop = self.shard.loop
        let session = NIOLoopBound(self, eventLoop: loop)
        request.reply.onAbort { loop.execute { session.value.pollLost(number) } }
    }

    private func pollLost(_ number: UInt32) {
        // The word of a lost connection may come when its poll has been answered already: then what was in the answer is
        // lost with it. A later poll has nothing to do with it.
        guard self.poll?.number == number || (self.poll == nil && self.polls == number) else { return }
        self.poll = nil
        if let ending = self.machine.pollLost() { self.finish(ending) }
    }

    /// The head of a POST has come, and its body is on the way.
    func announcePost(_ request: EngineRequest) {
        switch self.machine.receivePost(now: .now) {
        case .read:
            self.announcedPost = request.id
            let loop = self.shard.loop
            let session = NIOLoopBound(self, eventLoop: loop)
            let id = request.id
            request.reply.onAbort { loop.execute { session.value.postLost(id) } }
        case .refuse(let error, let ending):
            if let ending { self.finish(ending) }
            self.endpoint.refuse(request, error)
        }
    }

    private func postLost(_ id: ObjectIdentifier) {
        guard self.announcedPost == id else { return }
        self.announcedPost = nil
        if let ending = self.machine.postLost() { self.finish(ending) }
    }

    func receivePost(_ request: EngineRequest) {
        let decision =
            self.announcedPost == request.id && !self.isOver ? .read : self.machine.receivePost(now: .now)
        switch decision {
        case .read:
            if self.announcedPost != nil {
                self.announcedPost = nil
                request.reply.forgetAbort()
            }
            // Binary bodies are of protocol 3.
            if request.contentType?.lowercased().hasPrefix("application/octet-stream") == true {
                if let ending = self.machine.fail(.transportError) { self.finish(ending) }
                return self.endpoint.refuse(request, .badRequest)
            }
            self.post = OpenPost(request: request, rest: request.body)
            self.readPost()
        case .refuse(let error, let ending):
            if let ending { self.finish(ending) }
            self.endpoint.refuse(request, error)
        }
    }

    /// Handles the packets of the open POST until they are through, or reading is paused.
    ///
    /// The client's next POST waits for the answer to this one, which is how back-pressure reaches it.
    private func readPost() {
        guard var post = self.post.take() else { return }
        if !post.isRead {
            do throws(PayloadError) {
                try self.readPackets(of: &post)
            } catch {
                self.shard.counters.parseErrorsEngineIO &+= 1
                if let ending = self.machine.fail(.parseError) { self.finish(ending) }
                return self.endpoint.refuse(post.request, .badRequest)
            }
        }
        if self.isPaused, !self.isOver {
            self.post = post
            return
        }
        if !post.isRead, !self.isOver {
            // The rest in a later turn: others want to be served between.
            self.post = post
            self.shard.timers.schedule(after: .milliseconds(1), slot: self.timerSlot, token: Self.postToken)
            return
        }
        self.machine.postEnded()
        self.endpoint.answerPost(post.request)
    }

    /// Handles packets until all are through, the session is over or reading is paused.
    private func readPackets(of post: inout OpenPost) throws(PayloadError) {
        let body = post.rest
        let next = try body.withUnsafeReadableBytes { (body) throws(PayloadError) -> Int? in
            var reader = PayloadReader(body)
            var count = 0
            while count < Self.packetsPerTurn, !self.isOver, !self.isPaused, let item = try reader.next() {
                count += 1
                switch item {
                case .packet(let type, let data): self.received(type, data)
                case .binary(let data): self.receivedBinaryMessage(data)
                }
            }
            return reader.nextOffset
        }
        post.isRead = next == nil
        post.rest.moveReaderIndex(forwardBy: next ?? post.rest.readableBytes)
    }

    private func received(_ type: PacketType, _ data: UnsafeRawBufferPointer) {
        let receipt = self.machine.receive(type, data, over: .polling, now: .now)
        if case .message = receipt { return self.message(text: data) }
        self.handle(receipt)
    }

    private func receivedBinaryMessage(_ data: ByteBuffer) {
        data.withUnsafeReadableBytes { bytes in
            let receipt = self.machine.receive(.message, bytes, over: .polling, now: .now)
            if case .message = receipt { return self.message(binary: bytes) }
            self.handle(receipt)
        }
    }

    // MARK: - WebSockets

    /// A WebSocket for this session: asks whether it may probe.
    ///
    /// `nil`: refuse the handshake with the error.
    func receiveUpgrade() -> Result<UpgradeVerdict, ProtocolError> {
        switch self.machine.webSocketRequested(now: .now) {
        case .acceptAsProbe:
            self.schedule(after: self.endpoint.sessionConfiguration.upgradeTimeout, now: .now)
            return .success(.probe)
        case .acceptThenClose:
            return .success(.closeAtOnce)
        case .refuse(let error, let ending):
            if let ending { self.finish(ending) }
            return .failure(error)
        }
    }

    enum UpgradeVerdict { case probe, closeAtOnce }

    func beginProbe(_ stream: WebSocketStream) {
        guard !self.isOver else { return stream.close(code: nil) }
        self.probing = stream
    }

    func receivedText(_ payload: UnsafeRawBufferPointer, from stream: WebSocketStream) {
        guard stream === self.current || stream === self.probing else { return }
        let receipt = self.machine.receiveText(payload, now: .now)
        if case .message = receipt {
            return self.message(text: UnsafeRawBufferPointer(rebasing: payload.dropFirst()))
        }
        self.handle(receipt)
    }

    func receivedBinary(_ payload: UnsafeRawBufferPointer, from stream: WebSocketStream) {
        guard stream === self.current || stream === self.probing else { return }
        let receipt = self.machine.receive(.message, payload, over: .websocket, now: .now)
        if case .message = receipt { return self.message(binary: payload) }
        self.handle(receipt)
    }

    private func handle(_ receipt: EngineIO.Session.Receipt) {
        switch receipt {
        case .message, .ignored:
            break
        case .answerProbe(let releasePoll):
            self.probing?.send(OutboundPacket.probeAnswer.webSocketFrame)
            if releasePoll { self.answerPoll() }
        case .upgraded(let releasePoll):
            self.current = self.probing.take()
            if self.isPaused { self.current?.setPaused(true) }
            self.shard.counters.upgradesCompleted &+= 1
            self.endpoint.counters.sessionUpgraded()
            if releasePoll, let poll = self.poll.take() { self.endpoint.answerPoll(poll.request, .noop) }
            self.machine.takeFrames { self.current?.send($0) }
        case .closeProbe:
            self.shard.counters.upgradesFailed &+= 1
            self.probing.take()?.close(code: nil)
        case .close(let ending):
            self.finish(ending)
        }
    }

    func webSocketLost(_ stream: WebSocketStream, _ end: ConnectionEnd) {
        guard stream === self.current || stream === self.probing else { return }
        if stream === self.current { self.current = nil } else { self.probing = nil }
        if end == .slow { self.client.closedFor = .slow }
        switch self.machine.webSocketLost(end == .closed ? .transportClose : .transportError) {
        case .ignored: break
        case .probeEnded: self.shard.counters.upgradesFailed &+= 1
        case .close(let ending): self.finish(ending)
        }
    }

    func outputDrained() {}

    private func message(text: UnsafeRawBufferPointer) {
        self.endpoint.counters.textReceived &+= 1
        guard self.isWithinRate() else { return }
        self.client.received(text: text)
    }

    private func message(binary: UnsafeRawBufferPointer) {
        self.endpoint.counters.binaryReceived &+= 1
        guard self.isWithinRate() else { return }
        self.client.received(binary: binary)
    }

    /// Holds up a client that sends faster than it may, and closes one that does not stop.
    private func isWithinRate() -> Bool {
        switch self.budget.take(now: { .now }) {
        case .allowed:
            return true
        case .pause:
            self.client.throttle(for: MessageBudget.pause)
            return true
        case .close:
            self.shard.counters.rateLimited &+= 1
            self.client.closedFor = .rateLimited
            self.close(.forcedClose, discard: true)
            return false
        }
    }

    // MARK: - Output

    /// Whether something sent now would leave now; what is volatile is dropped otherwise.
    var isWritable: Bool {
        guard self.machine.isWritable else { return false }
        if let current = self.current {
            return current.isWritable || current.bufferedBytes < self.shard.limits.outputSoft
        }
        return true
    }

    /// Sends a packet that other sessions get as well; `shared` is its frame in the shard's arena.
    func send(_ packet: OutboundPacket, shared: OutputArena.BufferID, compress: Bool) {
        if let current = self.current, self.machine.writesDirectly {
            self.endpoint.counters.messageSent(isBinary: packet.isBinary)
            return current.send(shared)
        }
        switch self.machine.send(packet) {
        case .writeNow:
            self.endpoint.counters.messageSent(isBinary: packet.isBinary)
            self.current?.send(shared)
        case .queued:
            self.queued(packet, compress)
        case .answerPoll:
            self.queued(packet, compress)
            self.pollNeeded()
        case .dropped:
            break
        }
    }

    /// Sends a packet that is for this session alone.
    func send(_ packet: OutboundPacket, compress: Bool = true) {
        switch self.machine.send(packet) {
        case .writeNow:
            self.endpoint.counters.messageSent(isBinary: packet.isBinary)
            self.current?.send(packet.webSocketFrame)
        case .queued:
            self.queued(packet, compress)
        case .answerPoll:
            self.queued(packet, compress)
            self.pollNeeded()
        case .dropped:
            break
        }
    }

    /// Sends a text message that `body` writes.
    ///
    /// On a WebSocket it is written straight into the turn's output.
    func sendMessage(compress: Bool = true, _ body: (inout ByteBuffer) -> Void) {
        if let current = self.current, self.machine.isWritable {
            self.endpoint.counters.textSent &+= 1
            current.sendText { buffer in
                buffer.writeInteger(PacketType.message.rawValue)
                body(&buffer)
            }
        } else {
            self.send(.message(reserving: 128, body), compress: compress)
        }
    }

    private func queued(_ packet: OutboundPacket, _ compress: Bool) {
        self.mayCompress = self.mayCompress || compress
        self.endpoint.counters.messageSent(isBinary: packet.isBinary)
        // A single message may be larger than the limit; it is the pile that must not grow.
        guard self.machine.queuedBytes > self.shard.limits.outputHard, self.machine.queuedPackets > 1 else { return }
        // Nobody fetches it: what is queued must not grow for ever.
        self.shard.counters.slowConsumersClosed &+= 1
        self.client.closedFor = .slow
        self.close(.transportError, discard: true)
    }

    private func pollNeeded() {
        guard !self.isDirty else { return }
        self.isDirty = true
        self.shard.markDirty(self)
    }

    /// The end of the turn: what has come together answers the open poll.
    func endTurn() {
        self.isDirty = false
        if self.machine.hasOpenPoll { self.answerPoll() }
    }

    private func answerPoll() {
        guard let poll = self.poll.take() else { return }
        var body = ByteBuffer()
        let result = self.machine.takePayload(into: &body)
        let compress = self.mayCompress
        if result != .some { self.mayCompress = false }
        self.endpoint.answerPoll(poll.request, body, isHandshake: poll.isHandshake, sid: self.id, compress: compress)
        if case .last(let reason) = result { self.ended(reason) }
    }

    // MARK: - Back-pressure

    /// Stops or resumes taking messages from the client.
    func setPaused(_ paused: Bool) {
        guard paused != self.isPaused, !self.isOver else { return }
        self.isPaused = paused
        if !paused {
            self.machine.excusePong(now: .now)
            self.schedule(after: self.endpoint.sessionConfiguration.pingTimeout, now: .now)
        }
        self.current?.setPaused(paused)
        if !paused, self.post != nil { self.readPost() }
    }

    // MARK: - The end

    /// This side closes the session: `1` on polling, a close frame on a WebSocket.
    func close(_ reason: CloseReason, discard: Bool = false) {
        let now = ContinuousClock.now
        switch self.machine.close(reason, discard: discard, now: now) {
        case .ended(let ending):
            self.finish(ending)
        case .answerPoll(let closeProbe):
            if closeProbe { self.probing.take()?.close(code: nil) }
            self.answerPoll()
            // More is queued than one answer holds: the next poll takes it, and the close packet.
            guard !self.isOver else { return }
            self.schedule(after: self.endpoint.sessionConfiguration.linger, now: now)
            self.clientEnded(reason)
        case .linger(_, let closeProbe):
            if closeProbe { self.probing.take()?.close(code: nil) }
            self.schedule(after: self.endpoint.sessionConfiguration.linger, now: now)
            self.clientEnded(reason)
        case .none:
            break
        }
    }

    private func finish(_ ending: Ending) {
        if let answer = ending.pollAnswer, let poll = self.poll.take() {
            self.endpoint.answerPoll(poll.request, answer)
        }
        if ending.closesWebSocket {
            // "Service restart" (IANA registry of close codes) says why; clients come back after any.
            let code: UInt16? = ending.reason == .serverShuttingDown ? 1012 : nil
            self.current.take()?.close(code: code)
            self.probing.take()?.close(code: code)
        }
        self.ended(ending.reason)
    }

    private func ended(_ reason: CloseReason) {
        guard !self.isOver else { return }
        self.isOver = true
        self.timerSlot.cancelAll()
        self.shard.sessions[self.id] = nil
        self.shard.core.sessionClosed()
        self.endpoint.counters.sessionClosed(self.machine.transport, reason)
        if let post = self.post.take() { self.endpoint.answerPost(post.request) }
        self.poll = nil
        self.current = nil
        self.probing = nil
        self.clientEnded(reason)
        self.client.forgetSession()
    }

    private var clientKnows = false

    private func clientEnded(_ reason: CloseReason) {
        guard !self.clientKnows else { return }
        self.clientKnows = true
        self.client.sessionEnded(reason)
    }

    // MARK: - Time

    private func schedule(after delay: Duration, now: ContinuousClock.Instant) {
        self.shard.timers.schedule(after: delay, slot: self.timerSlot, token: Self.timerToken, now: now)
    }
}

extension EngineSession: TimerTarget {
    func timerFired(token: UInt32, now: ContinuousClock.Instant) {
        if token == Self.postToken {
            if !self.isPaused { self.readPost() }
            return
        }
        if self.isPaused {
            // Its pong may lie unread, because we do not read.
            self.machine.excusePong(now: now)
            return self.schedule(after: self.endpoint.sessionConfiguration.pingTimeout, now: now)
        }
        // Several things may be due at once; the machine does one at a time, and no more than these kinds exist.
        for _ in 0..<4 {
            switch self.machine.tick(now: now) {
            case .wait, .none:
                return
            case .sendPing(let decision, _):
                let configuration = self.endpoint.sessionConfiguration
                // Not the next thing of all, which may be a probe's.
                let due = self.machine.heartbeatDeadline - configuration.pingTimeout
                switch decision {
                case .writeNow:
                    self.current?.send(OutboundPacket.ping.webSocketFrame)
                    self.current?.checkProgress(now: now)
                case .answerPoll: self.pollNeeded()
                case .queued, .dropped: break
                }
                self.schedule(after: configuration.pingTimeout, now: due)
                self.schedule(after: configuration.pingInterval, now: due)
            case .closeProbe:
                self.shard.counters.upgradesFailed &+= 1
                self.probing.take()?.close(code: nil)
            case .answerPoll:
                self.answerPoll()
            case .close(let ending):
                self.finish(ending)
            }
        }
    }
}
