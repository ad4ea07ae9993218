import HandlerContract
import Routing

/// An event on its way to a handler.
struct HandlerJob: Sendable {
    /// What the handler is told.
    var input: EnvelopeInput
    var mode: DeliveryMode
    /// Events of one lane are handed over one after the other.
    var lane: String
    /// The socket whose event it is.
    var socketID: String
    /// From now until an answer is of no use any more; for a CONNECT, until its client is sent away.
    var timeout: Duration
    /// Whether the event may reach the handler twice.
    var isIdempotent: Bool
    /// Whether it goes to the handler together with others of its route, and how; nobody waits for its answer then.
    var batch: BatchLimits?
    /// What it brings along from the outbox, with ``DeliveryMode/atLeastOnce`` only.
    var stored: StoredDelivery?
    /// Called exactly once, on any thread.
    var complete: @Sendable (HandlerResult) -> Void

    init(
        input: EnvelopeInput, mode: DeliveryMode, lane: String, socketID: String, timeout: Duration,
        isIdempotent: Bool, batch: BatchLimits? = nil, stored: StoredDelivery? = nil,
        complete: @escaping @Sendable (HandlerResult) -> Void
    ) {
        self.input = input
        self.mode = mode
        self.lane = lane
        self.socketID = socketID
        self.timeout = timeout
        self.isIdempotent = isIdempotent
        self.batch = batch
        self.stored = stored
        self.complete = complete
    }

    /// The lane that it waits in.
    ///
    /// Stored events have lanes of their own: one that is tried again for hours holds up no client that waits for an
    /// answer.
    var waitingLane: String { stored == nil ? lane : "stored \(lane)" }
}

/// What became of a ``HandlerJob``.
enum HandlerResult: Sendable {
    /// The handler's answer to an event; its actions are to be applied.
    case answer(HandlerAnswer)
    /// The handler's answer to `socket.connect`.
    case connect(ConnectAnswer)
    /// The handler refused the connection by 401 or 403.
    case connectRefused
    /// Nothing to apply. The client's callback, if it waits for one, gets the error.
    case failed(ClientError)
    /// The event is gone, or was only handed over (`atMostOnce`): nothing to apply, nobody to tell.
    case done
    /// A stored event is given up.
    case deadLetter(DeadLetterCause)
    /// Its route is switched off: a stored event stays where it is until that changes.
    case suspended
    /// The process ends: a stored event is delivered by the next one.
    case kept
}

/// A backend that events go to.
protocol HandlerService: AnyObject, Sendable {
    /// Accepts an event, or returns `false` when its lane is full: the client is told `busy`.
    ///
    /// Never blocks; called on event loops.
    func submit(_ job: HandlerJob) -> Bool

    /// The lane of a socket will not be used again: its counters may be forgotten.
    func forget(lane: String)

    /// The configuration was loaded again: routes that the handler has switched off (status 410) are tried again.
    func enableRoutes()

    /// A file that its options name has changed: with the same options it would be another one.
    var isOutdated: Bool { get }

    /// What the metrics show.
    func statistics() -> HandlerStatistics

    /// Finishes what is in flight, up to the limit, and lets go of connections.
    func shutDown(within limit: Duration) async
}

/// Figures of one handler since the start.
struct HandlerStatistics: Sendable {
    /// By route and outcome (``Outcome/label``).
    var requests: [(route: String, outcome: String, count: Int)] = []
    /// By route: how many calls took at most each bound of ``HandlerStatistics/buckets``, all of them, and their sum.
    var durations: [(route: String, buckets: [Int], count: Int, seconds: Double)] = []
    var inFlight = 0
    var queued = 0
    var retries = 0
    /// Calls that were not made because the handler's certificate did not verify.
    var certificateRefusals = 0
    var breaker = CircuitBreaker.State.closed

    /// Upper bounds of the histogram of durations, in seconds.
    static let buckets: [Double] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
}

/// The backpressure that handlers put on a client: reading stops at ``pause`` events of its that wait for a handler or
/// are with one, and goes on at ``resume``.
enum HandlerBackpressure {
    static let pause = 64
    static let resume = 32

    /// What an event counts: one, and one more for each 16 KiB, so that 64 large ones do not fill the memory.
    static func cost(bytes: Int) -> Int { 1 + bytes / 16_384 }
}
