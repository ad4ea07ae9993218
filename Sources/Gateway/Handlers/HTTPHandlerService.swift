import AsyncHTTPClient
import Bus
import Configuration
import HandlerContract
import Logging
import Synchronization

/// A backend that is called by HTTP POST.
///
/// A CONNECT that nobody decided in time ends with `.connect(.retry)`: its client is to be sent away without a
/// CONNECT_ERROR, so that it comes back. Has to be shut down before it is released.
final class HTTPHandlerService: HandlerService {
    private struct State: Sendable {
        var dispatcher: HandlerDispatcher
        /// Of lanes that stand still.
        var pauses: [ExactName: Task<Void, Never>] = [:]
        var expiry: (at: ContinuousClock.Instant, task: Task<Void, Never>)?
        /// Turns that are being acted on.
        var turnsUnderWay = 0
        /// Who waits for the last job.
        var waiters: [CheckedContinuation<Void, Never>] = []

        /// All jobs are completed, and whoever submitted them knows.
        var isIdle: Bool { turnsUnderWay == 0 && dispatcher.isIdle }
    }

    /// How often one thread looks for more to do before it lets another one go on.
    private static let roundsInARow = 4

    let name: String
    let setup: HTTPHandlerSetup
    let client: HTTPClient
    let logger: Logger
    private let state: Mutex<State>

    convenience init(
        name: String, options: GatewayConfiguration.HTTPHandler, version: String, logger: Logger
    ) throws(HandlerSetupError) {
        self.init(try HTTPHandlerSetup(name: name, options: options, version: version), logger: logger)
    }

    /// - Parameters:
    ///   - breaker: nil: the usual limits.
    ///   - random: uniform in 0 ..< 1; spreads the retries.
    init(
        _ setup: HTTPHandlerSetup, logger: Logger, laneCapacity: Int = 1_000, breaker: CircuitBreaker.Limits? = nil,
        random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }
    ) {
        name = setup.name
        self.setup = setup
        self.logger = logger
        client = setup.makeClient()
        var limits = HandlerDispatcher.Limits(concurrency: setup.concurrency, callTimeout: setup.timeout)
        limits.laneCapacity = laneCapacity
        // Every call ends by its own deadline, so a probe is never lost before that.
        limits.breaker = breaker ?? CircuitBreaker.Limits(probeTimeout: setup.timeout + .seconds(5))
        state = Mutex(State(dispatcher: HandlerDispatcher(limits: limits, random: random)))
    }

    func submit(_ job: HandlerJob) -> Bool {
        decide { dispatcher, now in dispatcher.accept(job, now: now) }
    }

    func forget(lane: String) {
        state.withLock { $0.dispatcher.forget(lane: lane) }
    }

    func enableRoutes() {
        decide { dispatcher, now in dispatcher.enableRoutes(now: now) }
    }

    var isOutdated: Bool { setup.isOutdated }

    func statistics() -> HandlerStatistics {
        state.withLock { $0.dispatcher.statistics(now: .now) }
    }

    func shutDown(within limit: Duration) async {
        decide { dispatcher, now in dispatcher.drain(now: now) }
        let timer = Task {
            try? await Task.sleep(for: limit)
            self.decide { dispatcher, _ in dispatcher.close() }
        }
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                guard !state.isIdle else { return true }
                state.waiters.append(continuation)
                return false
            }
            if isIdle { continuation.resume() }
        }
        // Cancelled, its sleep ends at once, and what came in the meantime is given up.
        timer.cancel()
        await timer.value
        let tasks = state.withLock { state in
            defer {
                state.pauses = [:]
                state.expiry = nil
            }
            return Array(state.pauses.values) + (state.expiry.map { [$0.task] } ?? [])
        }
        for task in tasks { task.cancel() }
        // Fails only when it has been shut down before.
        try? await client.shutdown()
    }
}

extension HTTPHandlerService {
    /// Lets the dispatcher decide, then does what it said; false when it refused.
    @discardableResult
    private func decide(
        _ body: (inout HandlerDispatcher, ContinuousClock.Instant) -> HandlerDispatcher.Turn?
    ) -> Bool {
        let turn = state.withLock { state -> HandlerDispatcher.Turn? in
            guard let turn = body(&state.dispatcher, .now) else { return nil }
            begin(turn, &state)
            return turn
        }
        guard let turn else { return false }
        perform(turn, rounds: Self.roundsInARow)
        return true
    }

    private func begin(_ turn: HandlerDispatcher.Turn, _ state: inout State) {
        state.turnsUnderWay += 1
        for pause in turn.pauses { hold(pause.lane, pause.duration, &state) }
        awaitExpiry(&state)
    }

    private func perform(_ turn: HandlerDispatcher.Turn, rounds: Int) {
        // First the log: whoever sees a failed event finds the reason there.
        for notice in turn.notices { report(notice) }
        for attempt in turn.attempted { attempt.tell(attempt.attempts, attempt.pause) }
        for (complete, result) in turn.completions { complete(result) }
        for attempt in turn.calls { Task { await self.make(attempt) } }
        for batch in turn.batches { Task { await self.make(batch) } }
        let lanes = turn.finishedLanes
        if lanes.isEmpty || rounds > 0 {
            settle(lanes, rounds: rounds)
        } else {
            Task { self.settle(lanes, rounds: Self.roundsInARow) }
        }
    }

    /// A turn has been acted on: its lanes go on, and whoever waits for the end may have reached it.
    private func settle(_ lanes: [String], rounds: Int) {
        typealias Next = (turn: HandlerDispatcher.Turn?, waiters: [CheckedContinuation<Void, Never>])
        let next = state.withLock { state -> Next in
            state.turnsUnderWay -= 1
            if !lanes.isEmpty {
                let turn = state.dispatcher.release(lanes: lanes, now: .now)
                begin(turn, &state)
                return (turn, [])
            }
            guard state.isIdle else { return (nil, []) }
            defer { state.waiters = [] }
            return (nil, state.waiters)
        }
        for waiter in next.waiters { waiter.resume() }
        if let turn = next.turn { perform(turn, rounds: rounds - 1) }
    }

    private func make(_ attempt: HandlerAttempt) async {
        let result = await call(attempt)
        decide { dispatcher, now in dispatcher.ended(attempt, result, now: now) }
    }

    private func make(_ batch: BatchAttempt) async {
        let result = await call(batch)
        decide { dispatcher, now in dispatcher.ended(batch, result, now: now) }
    }

    private func hold(_ lane: String, _ pause: Duration, _ state: inout State) {
        let name = ExactName(lane)
        state.pauses[name]?.cancel()
        state.pauses[name] = Task {
            guard (try? await Task.sleep(for: pause)) != nil else { return }
            self.state.withLock { $0.pauses[name] = nil }
            self.decide { dispatcher, now in dispatcher.wake(lane: lane, now: now) }
        }
    }

    /// Keeps one timer, set to the next deadline of a job that waits.
    private func awaitExpiry(_ state: inout State) {
        guard let next = state.dispatcher.nextExpiry else { return }
        if let expiry = state.expiry {
            guard next < expiry.at else { return }
            expiry.task.cancel()
        }
        let task = Task {
            guard (try? await Task.sleep(until: next, clock: .continuous)) != nil else { return }
            self.state.withLock { $0.expiry = nil }
            self.decide { dispatcher, now in dispatcher.expire(now: now) }
        }
        state.expiry = (next, task)
    }
}
