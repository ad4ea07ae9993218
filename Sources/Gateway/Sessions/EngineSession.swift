import EngineIO
import NIOCore

/// The I/O of an Engine.IO session: does what its machine decides, with the poll, the POST and the WebSockets at hand.
///
/// Lives on its shard's loop. Requests may come from connections of other loops; their answers find their way back by
/// themselves.
final class EngineSession {
    struct OpenPoll {
        var request: EngineRequest
        /// The answer to the handshake, which carries the cookie.
        var isHandshake: Bool
        var number: UInt32
    }

    struct OpenPost {
        var request: EngineRequest
        var format: PayloadFormat
        var rest: ByteBuffer
        /// All packets have been handled; the answer is held back while reading is paused.
        var isRead = false
    }

    /// What a timer was set for; the machine knows what is due, so all mean the same.
    static let timerToken: UInt32 = 0
    /// A POST is to be read on.
    static let postToken: UInt32 = 1

    let id: SessionID
    let shard: Shard
    let endpoint: EngineEndpoint
    let client: EngineClient
    // What is looked at for every packet, and what the machine decides without calling anybody: checks at run time that it is
    // not looked at from two places at once were 25 of a polling echo, at some 5 ns each.
    @exclusivity(unchecked) var machine: EngineIO.Session
    var current: WebSocketStream? { didSet { oldValue?.setTakesBroadcasts(false) } }
    var probing: WebSocketStream?
    @exclusivity(unchecked) var poll: OpenPoll?
    /// Numbers the polls that were held.
    var polls: UInt32 = 0
    @exclusivity(unchecked) var post: OpenPost?
    /// The POST whose head has come and whose body has not.
    var announcedPost: ObjectIdentifier?
    let timerSlot = TimerSlot()
    /// The first message of this turn for the open poll; as long as there is one, nothing is queued.
    @exclusivity(unchecked) var ready: TurnText.Place?
    var isPaused = false
    /// It is to answer its poll, and how soon.
    var dirty: Urgency?
    var budget: MessageBudget
    var isOver = false
    /// What was queued before the message whose parts are being sent.
    var pileBefore: Int?
    /// Whether what is queued for the next poll may be compressed.
    var mayCompress = false
    /// What waits while the client is behind; `nil` as long as it keeps up.
    var backlog: EventBacklog<PendingPackets>? {
        didSet { if self.backlog != nil { self.current?.setTakesBroadcasts(false) } }
    }
    /// Transports on which the client takes no bytes; only clients of protocol 3 say so.
    var base64: TransportSet = []
    private var clientKnows = false

    init(
        id: SessionID, transport: Transport, configuration: SessionConfiguration, endpoint: EngineEndpoint,
        client: EngineClient, now: ContinuousClock.Instant
    ) {
        self.id = id
        self.shard = endpoint.shard
        self.endpoint = endpoint
        self.client = client
        self.machine = EngineIO.Session(transport: transport, configuration: configuration, now: now)
        self.budget = MessageBudget(perSecond: endpoint.shard.limits.messagesPerSecond, now: now)
        client.session = self
        self.timerSlot.set(self)
        self.shard.sessions[id] = self
        endpoint.counters.sessionOpened(.init(transport))
        let first =
            configuration.revision == .three
            ? configuration.pingInterval + configuration.pingTimeout : configuration.pingInterval
        self.shard.timers.schedule(after: first, slot: self.timerSlot, token: Self.timerToken, now: now)
    }

    var transport: Transport { self.machine.transport }
    var isOpen: Bool { self.machine.isOpen }
    var configuration: SessionConfiguration { self.machine.configuration }

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
            sid: self.id.string, transport: self.machine.transport, configuration: self.configuration)
        self.send(.framed(reserving: 160) { data.write(into: &$0) }, compress: false)
    }

    // MARK: - The end

    /// This side closes the session: `1` on polling, a close frame on a WebSocket.
    func close(_ reason: CloseReason, discard: Bool = false) {
        self.settle()
        let now = ContinuousClock.now
        switch self.machine.close(reason, discard: discard, now: now) {
        case .ended(let ending):
            self.finish(ending)
        case .answerPoll(let closeProbe):
            if closeProbe { self.probing.take()?.close(code: nil) }
            self.answerPoll()
            // More is queued than one answer holds: the next poll takes it, and the close packet.
            guard !self.isOver else { return }
            self.schedule(after: self.configuration.linger, now: now)
            self.clientEnded(reason)
        case .linger(_, let closeProbe):
            if closeProbe { self.probing.take()?.close(code: nil) }
            self.schedule(after: self.configuration.linger, now: now)
            self.clientEnded(reason)
        case .none:
            break
        }
    }

    func finish(_ ending: Ending) {
        if let answer = ending.pollAnswer, let poll = self.poll.take() {
            self.endpoint.answerPoll(poll.request, answer, for: self.configuration.revision)
        }
        if ending.closesWebSocket {
            // "Service restart" (IANA registry of close codes) says why; clients come back after any.
            let code: UInt16? = ending.reason == .serverShuttingDown ? 1012 : nil
            self.current.take()?.close(code: code)
            self.probing.take()?.close(code: code)
        }
        self.ended(ending.reason)
    }

    func ended(_ reason: CloseReason) {
        guard !self.isOver else { return }
        self.isOver = true
        self.timerSlot.cancelAll()
        self.shard.sessions[self.id] = nil
        self.shard.core.sessionClosed()
        self.client.handshake.hold?.release()
        self.endpoint.counters.sessionClosed(.init(self.machine.transport), reason)
        if let post = self.post.take() { self.endpoint.answerPost(post.request) }
        self.poll = nil
        self.ready = nil
        self.current = nil
        self.probing = nil
        self.backlog = nil
        self.clientEnded(reason)
        self.client.forgetSession()
    }

    private func clientEnded(_ reason: CloseReason) {
        guard !self.clientKnows else { return }
        self.clientKnows = true
        self.client.sessionEnded(reason)
    }
}
