import HandlerContract

/// How one call of a handler ended.
struct CallResult: Sendable {
    var outcome: Outcome
    /// What the handler answered; with ``Outcome/success`` only.
    var answer: HandlerResult?
    /// The pause that the response asked for.
    var retryAfter: Duration?
    /// What an operator reads about it; nothing of a body but JSON pointers and the names of keys.
    var problem: String
    /// Ended by us: says nothing about the handler.
    var isAbandoned = false
    /// The handler's certificate is not one that we trust for its name: nothing was sent.
    var isCertificateRefused = false
    /// Of the response; 0: there was none.
    var status = 0
    /// The beginning of a response that could not be used, for people.
    var excerpt: [UInt8] = []

    init(
        _ outcome: Outcome, answer: HandlerResult? = nil, retryAfter: Duration? = nil, problem: String = "",
        isAbandoned: Bool = false
    ) {
        self.outcome = outcome
        self.answer = answer
        self.retryAfter = retryAfter
        self.problem = problem
        self.isAbandoned = isAbandoned
    }
}

/// One call that is to be made now.
struct HandlerAttempt: Sendable {
    var id: UInt64
    var job: HandlerJob
    var sequence: UInt64
    /// Counts the calls for this event, from 1.
    var number: Int
    var begin: ContinuousClock.Instant
    /// When an answer is of no use any more.
    var deadline: ContinuousClock.Instant
    var breakerTicket: CircuitBreaker.Ticket
}

/// One call that is to be made now, for several events of one route.
struct BatchAttempt: Sendable {
    /// The events of each lane, in their order; the lanes one after the other.
    var lanes: [[HandlerAttempt]]
    var begin: ContinuousClock.Instant
    var deadline: ContinuousClock.Instant

    var attempts: [HandlerAttempt] { self.lanes.flatMap(\.self) }
}

/// How a call for several events ended.
struct BatchResult: Sendable {
    /// The call as such.
    var call: CallResult
    /// What became of each event, in their order; nil: the same as of the call.
    var each: [CallResult]?
}

/// Something that an operator is told.
enum HandlerNotice: Hashable, Sendable {
    /// A call that brought nothing usable; `suppressed` others were not reported since the last one that was.
    case failure(route: String, eventID: String, outcome: String, problem: String, suppressed: Int)
    case routeDisabled(route: String, eventID: String)
    case breakerOpened
    case breakerClosed
}
