import Bus
import EngineIO
import HandlerContract
import NIOCore
import PlainEvents

/// A client that fetches its events by plain requests, and posts its own.
///
/// What is said to it waits in a ``PlainEvents/PollQueue`` until it has confirmed that. Its requests may come from
/// connections of other loops.
final class LongPollClient: PlainClient {
    private let pollEndpoint: LongPollEndpoint
    /// Of a session that has ended; `nil`: it comes for the first time.
    private let formerCursor: PollCursor?
    private var queue: PollQueue
    private var openRequest: (request: PollRequest, number: UInt64)?
    private var requests: UInt64 = 0
    /// A POST whose answer waits until what it sent has been worked on.
    private var heldPost: PollRequest?
    /// Everything up to here has been said to the client; `nil` where nothing is kept for those who come back.
    private var offset: Offset?
    /// It has been told, or is to be told, that it is put out.
    private var isPutOut = false
    /// It is to answer its request, and how soon.
    private var dirty: Urgency?
    private let timerSlot = TimerSlot()
    /// When the next timer fires, if there is one.
    private var timerDue: ContinuousClock.Instant?

    init(endpoint: LongPollEndpoint, handshake: ClientHandshake, cursor: PollCursor?) {
        self.pollEndpoint = endpoint
        self.formerCursor = cursor
        self.queue = PollQueue(
            limit: endpoint.shard.limits.outputHard, patience: endpoint.options.pollTimeout, now: .now)
        super.init(endpoint: endpoint, handshake: handshake)
    }

    override var transport: EndpointCounters.SessionTransport { .polling }
    override var protocolName: String { "longpoll" }
    override var acknowledges: Bool { true }
    override var claimedOffset: String? { self.formerCursor.map { $0.offset ?? "" } }
    override var heldBytes: Int { self.queue.bytes }

    // MARK: - Coming

    override func opened(by exchange: HTTPExchange) {
        let now = ContinuousClock.now
        self.timerSlot.set(self)
        self.offset = self.beginning
        var recovered: Bool?
        switch self.past {
        case .unknown:
            break
        case .hole:
            recovered = false
        case .missed(let recovery):
            recovered = true
            // With the answer it has everything up to where its session begins.
            if let epoch = self.socket?.namespace.namespace.epoch {
                self.offset = Offset(epoch: epoch, sequence: recovery.record.position)
            }
            self.queue.begin(
                with: self.takeMissed(self.dialect).map { packet, _ in
                    self.endpoint.counters.messageSent(isBinary: false)
                    return packet.message
                })
        }
        self.answer(PollRequest(exchange), recovered: recovered, now: now)
        self.watch(now: now)
    }

    // MARK: - Its requests

    func receive(_ request: PollRequest, cursor: UInt64, wait: Duration) {
        let now = ContinuousClock.now
        switch self.queue.receive(cursor: cursor, wait: wait, now: now) {
        case .unknown:
            self.pollEndpoint.refuse(request, .unknownCursor)
        case .outdated:
            self.pollEndpoint.refuse(request, .replaced)
        case .answer:
            self.replaceOpenRequest()
            self.answer(request, now: now)
            // It has everything, and begins anew with its next request.
            if self.queue.isFinished, !self.isPutOut { return self.end(.forcedServerClose) }
        case .hold:
            self.replaceOpenRequest()
            self.hold(request)
        }
        self.watch(now: now)
    }

    private func replaceOpenRequest() {
        guard let older = self.openRequest.take()?.request else { return }
        self.pollEndpoint.refuse(older, .replaced)
    }

    /// Keeps a request until there is something to say.
    ///
    /// Its connection may go away before that.
    private func hold(_ request: PollRequest) {
        self.requests &+= 1
        let number = self.requests
        self.openRequest = (request, number)
        let loop = self.shard.loop
        let bound = NIOLoopBound(self, eventLoop: loop)
        request.reply.onAbort { loop.execute { bound.value.requestLost(number) } }
    }

    private func requestLost(_ number: UInt64) {
        guard self.openRequest?.number == number else { return }
        self.openRequest = nil
        let now = ContinuousClock.now
        self.queue.requestLost(now: now)
        self.watch(now: now)
    }

    func receive(post request: PollRequest) {
        guard let socket = self.socket, socket.phase == .connected else {
            return self.pollEndpoint.refuse(request, self.isPutOut ? .disconnected : .noSession)
        }
        // Who waits for the answer before the next one never sees this.
        guard !self.isReadingPaused else { return self.pollEndpoint.refuse(request, .busy) }
        self.endpoint.counters.textReceived &+= 1
        guard self.isWithinRate() else { return self.pollEndpoint.refuse(request, .tooManyMessages) }
        do throws(ClientMessageError) {
            let result = request.body.withUnsafeReadableBytes { bytes in
                Result { () throws(ClientMessageError) in self.heard(try ClientMessage(bytes), on: socket) }
            }
            try result.get()
        } catch {
            self.shard.counters.parseErrorsHTTP &+= 1
            return self.pollEndpoint.refuse(request, .badMessage(error))
        }
        guard self.isReadingPaused, !self.isOver else { return self.pollEndpoint.accept(request) }
        self.heldPost = request
    }

    private func heard(_ message: ClientMessage, on socket: Socket) {
        switch message {
        case .event(let name, let arguments, let ackID):
            self.shard.router.event(name: name, arguments: arguments, ackID: ackID, of: socket)
        case .answer(let id, let arguments):
            socket.acknowledged(id, arguments: arguments, attachments: [])
        }
    }

    override func resumeReading() {
        if let post = self.heldPost.take() { self.pollEndpoint.accept(post) }
    }

    override func offsetsBegan(after position: UInt64) {
        // What it was sent meanwhile is in the answer that has this offset, or was in one before.
        if let offset = self.offset { self.offset?.sequence = max(offset.sequence, position) }
    }

    // MARK: - What it is told

    private var dialect: Dialect { self.hasOffsets ? .json : .jsonWithoutOffset }

    override func deliver(_ broadcast: Broadcast, _ form: inout SharedForm, to socket: Socket) {
        if broadcast.volatile {
            let isShort = self.shard.core.memory.level >= .dropping
            guard !isShort, self.queue.bytes < self.shard.limits.outputSoft else {
                return self.shard.counters.dropped(isShort ? .memory : .volatile)
            }
        }
        guard let entry = self.entry(self.dialect, of: broadcast, &form) else { return }
        self.append(entry.first.message, logged: broadcast.logged)
    }

    override func acknowledge(_ id: UInt64, _ arguments: ByteBuffer, attachments: [ByteBuffer], socket: Socket) {
        guard let arguments = self.answer(arguments, attachments) else { return }
        var message = ByteBuffer()
        PlainEncoder.ack(id: id, arguments: arguments, into: &message)
        self.append(message, logged: nil)
    }

    private func append(_ message: ByteBuffer, logged: Offset?) {
        guard !self.isOver, !self.queue.isFinished else { return }
        self.endpoint.counters.messageSent(isBinary: false)
        self.shard.grew(by: message.readableBytes)
        // What is in the queue goes with the next answer, so this is what its cursor will say.
        if self.offset != nil, let logged { self.offset = logged }
        switch self.queue.append(message) {
        case .waits:
            break
        case .answers:
            let urgency = self.shard.urgency
            if let dirty = self.dirty, dirty >= urgency { return }
            self.dirty = urgency
            self.shard.markDirty(self, urgency)
        case .full:
            self.closeSlow()
        }
    }

    /// The end of the turn: what has come together answers the request that waits.
    func endTurn() {
        self.dirty = nil
        guard self.queue.hasMessages, let open = self.openRequest.take() else { return }
        let now = ContinuousClock.now
        self.answer(open.request, now: now)
        self.watch(now: now)
    }

    private func answer(_ request: PollRequest, recovered: Bool? = nil, now: ContinuousClock.Instant) {
        let messages = self.queue.take(now: now)
        let offset = self.hasOffsets ? self.offset?.text : nil
        let cursor =
            self.isPutOut
            ? PollCursor(session: self.id.string, place: .disconnected)
            : PollCursor(session: self.id.string, place: .count(self.queue.sent), offset: offset)
        self.pollEndpoint.answer(
            request, PollAnswer(cursor: cursor, recovered: recovered, isLast: self.isPutOut), messages)
    }

    // MARK: - The end

    /// What is not fetched yet is kept for a client that is put out, or sent away with something left to say.
    override func lingers(after farewell: Farewell) -> Bool {
        switch farewell {
        case .goodbye: true
        case .comeBack: self.queue.hasMessages
        case .shuttingDown, .rateLimited, .pingTimeout, .slow, .violation: false
        }
    }

    override func say(_ farewell: Farewell) {
        if case .goodbye = farewell { self.isPutOut = true }
        _ = self.queue.finish()
        guard let open = self.openRequest.take() else { return }
        let now = ContinuousClock.now
        self.answer(open.request, now: now)
        self.watch(now: now)
    }

    override func end(_ reason: CloseReason, _ better: DisconnectReason? = nil) {
        self.timerSlot.cancelAll()
        self.resumeReading()
        super.end(reason, better)
    }
}

extension LongPollClient: TimerTarget {
    /// Timers of one delay share a queue, so the delays are few: whole seconds, and at the end tenths.
    private static let grain: Duration = .milliseconds(100)

    /// Makes sure that a timer fires when something is due.
    ///
    /// One that fires too early does no harm, and is better than one for each request.
    private func watch(now: ContinuousClock.Instant) {
        guard !self.isOver else { return }
        let deadline = self.queue.nextDeadline
        if let due = self.timerDue, due <= deadline { return }
        let left = max(.zero, now.duration(to: deadline))
        let seconds = left.components.seconds
        let tenths = min(max(1, Int((left / Self.grain).rounded(.up))), 10)
        let delay: Duration = seconds > 0 ? .seconds(seconds) : Self.grain * tenths
        self.timerDue = now + delay
        self.shard.timers.schedule(after: delay, slot: self.timerSlot, token: 0, now: now)
    }

    func timerFired(token: UInt32, now: ContinuousClock.Instant) {
        // A timer that was made for a nearer deadline may still be behind this one.
        if let due = self.timerDue, due <= now { self.timerDue = nil }
        switch self.queue.tick(now: now) {
        case .wait:
            break
        case .answer:
            self.answerNothing(now: now)
        case .abandoned:
            self.close(.pingTimeout)
        }
        self.watch(now: now)
    }

    /// The request has waited long enough.
    ///
    /// Its cursor goes on with the log, so that a client to which nothing is said does not fall out of it.
    private func answerNothing(now: ContinuousClock.Instant) {
        if let offset = self.offset, let namespace = self.socket?.namespace, !self.shard.isDrainingInbox {
            let position = namespace.settle()
            self.offset = Offset(epoch: offset.epoch, sequence: max(position, offset.sequence))
        }
        // Meanwhile something may have come, or the end.
        guard !self.isOver, let open = self.openRequest.take() else { return }
        self.answer(open.request, now: now)
    }
}
