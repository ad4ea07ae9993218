import AsyncHTTPClient
import Configuration
import HandlerContract
import Logging
import NIOCore
import NIOHTTP1
import Synchronization

/// A backend that is called by HTTP POST.
///
/// A CONNECT that nobody decided in time ends with `.connect(.retry)`: its client is to be sent away without a
/// CONNECT_ERROR, so that it comes back. Has to be shut down before it is released.
final class HTTPHandlerService: HandlerService {
    private struct State: Sendable {
        var dispatcher: HandlerDispatcher
        /// Of lanes that stand still.
        var pauses: [String: Task<Void, Never>] = [:]
        var expiry: (at: ContinuousClock.Instant, task: Task<Void, Never>)?
        /// Who waits for the last job.
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    let name: String
    private let setup: HTTPHandlerSetup
    private let client: HTTPClient
    private let logger: Logger
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
        decide { dispatcher, now in dispatcher.accept(job, now: now) } != nil
    }

    func forget(lane: String) {
        state.withLock { $0.dispatcher.forget(lane: lane) }
    }

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
                guard !state.dispatcher.isIdle else { return true }
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
    /// Lets the dispatcher decide, then does what it said. Nil when it refused.
    @discardableResult
    private func decide(
        _ body: (inout HandlerDispatcher, ContinuousClock.Instant) -> HandlerDispatcher.Turn?
    ) -> HandlerDispatcher.Turn? {
        let (turn, waiters) = state.withLock { state in
            let now = ContinuousClock.now
            let turn = body(&state.dispatcher, now)
            for pause in turn?.pauses ?? [] { hold(pause.lane, pause.duration, &state) }
            awaitExpiry(&state)
            guard state.dispatcher.isIdle else { return (turn, []) }
            defer { state.waiters = [] }
            return (turn, state.waiters)
        }
        if let turn { perform(turn) }
        for waiter in waiters { waiter.resume() }
        return turn
    }

    private func perform(_ turn: HandlerDispatcher.Turn) {
        for attempt in turn.calls { Task { await self.make(attempt) } }
        for (complete, result) in turn.completions { complete(result) }
        for notice in turn.notices { log(notice) }
        if turn.isIncomplete {
            Task { self.decide { dispatcher, now in dispatcher.proceed(now: now) } }
        }
    }

    private func hold(_ lane: String, _ pause: Duration, _ state: inout State) {
        state.pauses[lane]?.cancel()
        state.pauses[lane] = Task {
            guard (try? await Task.sleep(for: pause)) != nil else { return }
            self.state.withLock { $0.pauses[lane] = nil }
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

    private func make(_ attempt: HandlerAttempt) async {
        let result = await call(attempt)
        decide { dispatcher, now in dispatcher.ended(attempt, result, now: now) }
    }

    private func call(_ attempt: HandlerAttempt) async -> CallResult {
        let job = attempt.job
        let remaining = ContinuousClock.now.duration(to: attempt.deadline)
        let delivery = Delivery(
            mode: job.mode, attempt: attempt.number, lane: job.lane, sequence: attempt.sequence,
            deadline: max(.zero, remaining))
        let body = Envelope(job.input).body(for: delivery)
        let headers = RequestHeaders(
            eventID: job.input.id, type: job.input.type, route: job.input.route, delivery: delivery)
        let now = Timestamp(milliseconds: WallClock.milliseconds())
        var request = setup.request
        let fields = headers.fields(version: setup.version, now: now, signature: setup.signature, body: body)
        request.headers = HTTPHeaders(fields.map { ($0.name, $0.value) })
        request.body = .byteBuffer(ByteBuffer(bytes: body))
        let call = HTTPCall()
        do {
            let deadline = NIODeadline.now() + TimeAmount(remaining)
            let reply = try await client.execute(request: request, delegate: call, deadline: deadline).futureResult.get()
            return CallResult(reply, to: job, now: Timestamp(milliseconds: WallClock.milliseconds()))
        } catch {
            return CallResult(error, call.progress)
        }
    }

    private func log(_ notice: HandlerNotice) {
        switch notice {
        case .failure(let route, let eventID, let outcome, let problem, let suppressed):
            let others = suppressed > 0 ? " (\(suppressed) more since the last report)" : ""
            logger.warning(
                "handler \(name): \(outcome): \(problem)\(others)", metadata: ["route": "\(route)", "event": "\(eventID)"])
        case .routeDisabled(let route, let eventID):
            logger.error(
                "handler \(name): status 410, the route is disabled until the configuration is loaded again",
                metadata: ["route": "\(route)", "event": "\(eventID)"])
        case .breakerOpened:
            logger.warning("handler \(name): too many calls fail, pausing calls")
        case .breakerClosed:
            logger.notice("handler \(name): answers again")
        }
    }
}
