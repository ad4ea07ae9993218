import Bus
import HandlerContract
import Routing

/// Decides for one handler which event is handed over when, and what follows from how it went.
///
/// Never acts: it is told what happened and what time it is, and returns what is to be done.
struct HandlerDispatcher: Sendable {
    typealias Instant = ContinuousClock.Instant

    struct Limits: Sendable {
        /// Calls in flight.
        var concurrency: Int
        /// The longest one call may take.
        var callTimeout: Duration
        /// Events of one lane, the one in flight included.
        var laneCapacity = 1_000
        /// Events in all lanes together: with a kilobyte each, the worst backlog is some hundred megabytes.
        var capacity = 131_072
        /// Bytes of `atMostOnce` events that wait although their senders may go on.
        ///
        /// Room for a burst, and a small part of any gateway's memory. Who sends more is not read until the handler is
        /// through with it.
        var handedOver = 32 << 20
        var breaker = CircuitBreaker.Limits()
    }

    /// What is to be done now.
    struct Turn: Sendable {
        var completions: [(complete: @Sendable (HandlerResult) -> Void, result: HandlerResult)] = []
        var calls: [HandlerAttempt] = []
        var batches: [BatchAttempt] = []
        /// Lanes that stand still for so long; then ``HandlerDispatcher/wake(lane:now:)`` is due.
        var pauses: [(lane: String, duration: Duration)] = []
        /// Stored events whose call has failed, and that are tried again.
        var attempted: [(tell: @Sendable (Int, Duration) -> Void, attempts: Int, pause: Duration)] = []
        var notices: [HandlerNotice] = []
        /// Lanes that may go on as soon as the completions are made: ``HandlerDispatcher/release(lanes:now:)`` is due then,
        /// so that no event can overtake the answer to the one before it.
        var finishedLanes: [String] = []
    }

    /// A job that is not completed yet, or whose call is still of interest.
    struct Entry {
        var job: HandlerJob
        var deadline: Instant
        /// Calls made.
        var attempts = 0
        /// How often the circuit breaker said no.
        var refusals = 0
        var isRunning = false
        /// A call for several failed, which may have been because of this one.
        var goesAlone = false
        /// The client has got its answer already; what follows is between us and the handler.
        var isCompleted = false
        /// What it counts of ``Limits/handedOver`` then.
        var handedOver = 0

        var isConnect: Bool { job.input.type == .connect }
        var isStored: Bool { job.stored != nil }
        /// Calls made by this process and earlier ones.
        var allAttempts: Int { attempts + (job.stored?.earlierAttempts ?? 0) }
    }

    /// What an event weighs beside its content: the details of its socket, and its places in tables.
    static let entryBytes = 1_024
    /// Jobs that expire in one go; more would hold up the event loops that submit.
    static let expiriesPerTurn = 256
    /// A CONNECT that the circuit breaker holds asks again after two seconds at most, so that it is among the first
    /// when the handler is well again.
    static let slowestRefusal = 3

    /// How long a stored event may wait here at most; when it is too old is decided after each call.
    static let storedPatience = Duration.seconds(365 * 86_400)
    /// Stands for all stored lanes that wait for the circuit breaker; no lane has this name.
    static let gate = "\u{0}"

    let limits: Limits
    let random: @Sendable () -> Double
    var entries: [UInt64: Entry] = [:]
    var scheduler: LaneScheduler<UInt64>
    var breaker: CircuitBreaker
    var figures = HandlerFigures()
    var failures = FailureLog()
    var expiries = ExpiryQueue()
    /// Lanes that may go on and were not looked at yet.
    var backlog: [LaneScheduler<UInt64>.Start] = []
    /// That answered 410, until ``enableRoutes(now:)``.
    var disabledRoutes: Set<String> = []
    /// Lanes of CONNECTs that are held because of that.
    var lanesOfDisabled: Set<ExactName> = []
    /// Lanes of stored events that wait for the circuit breaker: one of them is the next probe, and all go on when the
    /// handler is well again.
    var gated: [String] = []
    var isGateArmed = false
    /// Stored events, which are bounded by whoever reads them from the file.
    var storedCount = 0
    /// Of events whose senders may go on already, see ``Limits/handedOver``.
    var handedOver = 0
    /// By route: events that wait for others to go with them.
    var gatherings: [String: Gathering] = [:]
    /// Those that have waited, and wait for a place among the calls.
    var readyGatherings: [Gathering] = []
    /// Lanes that stand still as soon as their completions are made, because of an event behind these.
    var stops: [ExactName: Duration] = [:]
    /// Lanes that end with their last job.
    var endingLanes: Set<ExactName> = []
    private var lastID: UInt64 = 0
    private(set) var isDraining = false
    private var isClosed = false

    init(limits: Limits, random: @escaping @Sendable () -> Double) {
        self.limits = limits
        self.random = random
        scheduler = LaneScheduler(
            limits: LaneLimits(concurrency: limits.concurrency, laneCapacity: limits.laneCapacity))
        breaker = CircuitBreaker(limits: limits.breaker)
    }

    /// When ``expire(now:)`` is due.
    var nextExpiry: Instant? { isClosed ? nil : expiries.next }

    // MARK: - What happens

    /// A job has come; nil when its lane, or all of it, is full.
    mutating func accept(_ job: HandlerJob, now: Instant) -> Turn? {
        var turn = Turn()
        let isStored = job.stored != nil
        var entry = Entry(job: job, deadline: now + (isStored ? Self.storedPatience : job.timeout))
        guard !isClosed, !(isDraining && isStored) else {
            turn.completions.append((job.complete, Self.giveUp(entry, .unavailable)))
            return turn
        }
        guard isStored || entries.count - storedCount < limits.capacity else { return nil }
        lastID &+= 1
        let id = lastID
        switch scheduler.enqueue(id, lane: job.waitingLane, owner: 0, capacity: isStored ? .max : nil) {
        case .full:
            return nil
        case .queued where isStored:
            break
        case .queued:
            expiries.append(id, timeout: job.timeout, now: now) { entries[$0] != nil }
        case .start(let start):
            backlog.append(start)
        }
        if job.mode == .atMostOnce {
            let bytes = Self.entryBytes + job.input.content.weight
            if handedOver + bytes <= limits.handedOver {
                turn.completions.append((job.complete, .done))
                entry.isCompleted = true
                entry.handedOver = bytes
                handedOver += bytes
            }
        }
        entries[id] = entry
        if isStored { storedCount += 1 }
        proceed(now, &turn)
        return turn
    }

    /// A call has ended.
    mutating func ended(_ attempt: HandlerAttempt, _ result: CallResult, now: Instant) -> Turn {
        var turn = Turn()
        report(attempt, result, now, &turn)
        if var entry = entries[attempt.id] {
            entry.isRunning = false
            entries[attempt.id] = entry
            conclude(attempt.id, entry, result, now, &turn)
        } else {
            finish(lane: attempt.job.waitingLane)
        }
        proceed(now, &turn)
        return turn
    }

    /// The pause of a lane is over.
    mutating func wake(lane: String, now: Instant) -> Turn {
        var turn = Turn()
        lanesOfDisabled.remove(ExactName(lane))
        if lane == Self.gate {
            openGate(now, &turn)
        } else if let route = Self.route(ofGathering: lane) {
            close(gathering: route, now, &turn)
        } else {
            backlog += scheduler.unblocked(lane: lane).start
        }
        proceed(now, &turn)
        return turn
    }

    /// The configuration was loaded again: routes that answered 410 are asked once more, at once for clients that wait.
    mutating func enableRoutes(now: Instant) -> Turn {
        var turn = Turn()
        disabledRoutes = []
        for lane in lanesOfDisabled { backlog += scheduler.unblocked(lane: lane.text).start }
        lanesOfDisabled = []
        proceed(now, &turn)
        return turn
    }

    /// The completions of a turn are made, and its lanes may go on.
    mutating func release(lanes: [String], now: Instant) -> Turn {
        var turn = Turn()
        for lane in lanes { finish(lane: lane) }
        for lane in lanes {
            guard let pause = stops.removeValue(forKey: ExactName(lane)) else { continue }
            backlog += scheduler.blocked(lane: lane).start
            turn.pauses.append((lane, pause))
        }
        proceed(now, &turn)
        return turn
    }

    /// Completes jobs that have waited until their deadline without a call.
    mutating func expire(now: Instant) -> Turn {
        var turn = Turn()
        for id in expiries.expired(now: now, limit: Self.expiriesPerTurn) {
            guard let entry = entries[id], !entry.isRunning else { continue }
            expire(id, entry, &turn)
        }
        return turn
    }

    /// The lane will not be used again, once the jobs it has are done.
    mutating func forget(lane: String) {
        if scheduler.count(inLane: lane) == 0 {
            scheduler.forgetSequence(ofLane: lane)
        } else {
            endingLanes.insert(ExactName(lane))
        }
    }

    // MARK: - The end

    /// Lets everything come to its end, but holds no client any longer: another node may take it.
    ///
    /// Stored events that are not with their handler at this moment are left to the next process.
    mutating func drain(now: Instant) -> Turn {
        isDraining = true
        var turn = Turn()
        for (id, entry) in entries where entry.isConnect && !entry.isRunning && entry.attempts + entry.refusals > 0 {
            complete(id, .connect(.retry), &turn)
            backlog += scheduler.unblocked(lane: entry.job.waitingLane).start
        }
        for (id, entry) in entries where entry.isStored && !entry.isRunning {
            complete(id, .kept, &turn)
            backlog += scheduler.unblocked(lane: entry.job.waitingLane).start
        }
        gated = []
        for route in Array(gatherings.keys) { close(gathering: route, now, &turn) }
        proceed(now, &turn)
        return turn
    }

    /// Gives up everything that is left, and takes nothing any more.
    mutating func close() -> Turn {
        isClosed = true
        var turn = Turn()
        for (id, entry) in entries { complete(id, Self.giveUp(entry, .unavailable), &turn) }
        return turn
    }

    var isIdle: Bool { entries.isEmpty }

    func statistics(now: Instant) -> HandlerStatistics {
        var statistics = figures.statistics()
        statistics.inFlight = scheduler.inFlight
        statistics.queued = max(0, entries.count - scheduler.inFlight)
        statistics.breaker = breaker.state(now: now)
        return statistics
    }
}
