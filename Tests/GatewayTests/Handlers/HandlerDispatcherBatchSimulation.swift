import HandlerContract
import Randomness
import Testing

@testable import Gateway

/// Drives the dispatcher through random histories of stored events that go together, beside others that go alone.
@Suite struct HandlerDispatcherBatchSimulation {
    @Test(arguments: 1...60)
    func `every event ends once, the events of a lane in their order, and calls are bounded`(seed: UInt64) {
        var world = World(seed: seed)
        for _ in 0..<500 { world.step() }
        world.end()
    }
}

private struct World {
    private enum Call {
        case one(HandlerAttempt)
        case several(BatchAttempt)

        var attempts: [HandlerAttempt] {
            switch self {
            case .one(let attempt): [attempt]
            case .several(let batch): batch.attempts
            }
        }
    }

    private static let concurrency = 3
    private static let largest = 4

    private var random: SeededRandom
    private var dispatcher: HandlerDispatcher
    private var now = ContinuousClock.now
    private var accepted: [String: [Int]] = [:]
    private var count = 0
    /// By lane, in the order in which they ended.
    private let ended = Recorder<(lane: String, number: Int, isKept: Bool)>()
    private var calls: [Call] = []
    private var pauses: [(lane: String, until: ContinuousClock.Instant)] = []

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        let breaker = CircuitBreaker.Limits(minimumCalls: 8, openFor: .seconds(1))
        dispatcher = HandlerDispatcher(
            limits: HandlerDispatcher.Limits(
                concurrency: Self.concurrency, callTimeout: .seconds(5), laneCapacity: 50, capacity: 400,
                breaker: breaker),
            random: { 0.3 })
    }

    mutating func step() {
        switch Int.random(in: 0..<12, using: &random) {
        case 0..<6: submit()
        case 6..<9: answer()
        default: advance(.milliseconds(Int.random(in: 1...900, using: &random)))
        }
        check()
    }

    private func check() {
        #expect(dispatcher.scheduler.invariants())
        #expect(calls.count <= Self.concurrency)
        let lanes = calls.map { Set($0.attempts.map(\.job.lane)) }
        #expect(lanes.reduce(0) { $0 + $1.count } == Set(lanes.joined()).count, "a lane is in one call at most")
        for call in calls {
            #expect(Set(call.attempts.map(\.job.input.route)).count == 1)
            #expect((1...Self.largest).contains(call.attempts.count))
        }
    }

    mutating func end() {
        // Whatever happens, all of it is through some time.
        for _ in 0..<20_000 where !dispatcher.isIdle {
            if Int.random(in: 0..<400, using: &random) == 0 { break }
            if calls.isEmpty { advance(.seconds(2)) } else { answer() }
            check()
        }
        perform(dispatcher.drain(now: now))
        while !calls.isEmpty { answer() }
        perform(dispatcher.close())
        #expect(dispatcher.isIdle)
        for (lane, numbers) in accepted {
            let own = ended.all.filter { $0.lane == lane }
            #expect(own.map(\.number).sorted() == numbers, "each of \(lane) ends once")
            let done = own.filter { !$0.isKept }.map(\.number)
            #expect(done == Array(numbers.prefix(done.count)), "the next process gets the rest of \(lane), and no more")
        }
    }

    private mutating func submit() {
        count += 1
        let number = count
        let lane = "lane \(Int.random(in: 1...6, using: &random))"
        let event = EnvelopeInput.Content.event(
            name: "say", arguments: Array(repeating: 0x30, count: Int.random(in: 0...400_000, using: &random)),
            attachments: [], wantsAck: true)
        let goesAlone = Int.random(in: 0..<5, using: &random) == 0
        var job = HandlerJob(
            "\(number)", content: event, lane: lane, route: goesAlone ? "alone" : "many", mode: .atLeastOnce,
            complete: { [ended] result in
                if case .kept = result {
                    ended.append((lane, number, true))
                } else {
                    ended.append((lane, number, false))
                }
            })
        if !goesAlone { job.batch = BatchLimits(max: Self.largest, linger: .milliseconds(50)) }
        job.stored = StoredDelivery(
            sequence: UInt64(number), since: now, policy: RetryPolicy(maxAttempts: 4, maxAge: .seconds(86_400)),
            attempted: { _, _ in })
        guard let turn = dispatcher.accept(job, now: now) else { return }
        accepted[lane, default: []].append(number)
        perform(turn)
    }

    private mutating func answer() {
        guard let index = calls.indices.randomElement(using: &random) else { return }
        switch calls.remove(at: index) {
        case .one(let attempt):
            perform(dispatcher.ended(attempt, result(), now: now))
        case .several(let batch):
            let success = CallResult(.success, answer: .answer(HandlerAnswer()))
            if Bool.random(using: &random) {
                let each = batch.attempts.map { _ in
                    [success, success, success, CallResult(.temporary(.status(503))), CallResult(.invalidAnswer)]
                        .randomElement(using: &random) ?? success
                }
                perform(dispatcher.ended(batch, BatchResult(call: success, each: each), now: now))
            } else {
                perform(dispatcher.ended(batch, BatchResult(call: result()), now: now))
            }
        }
    }

    private mutating func result() -> CallResult {
        let results = [
            CallResult(.success, answer: .done), CallResult(.success, answer: .done),
            CallResult(.success, answer: .done),
            CallResult(.temporary(.status(500))), CallResult(.temporary(.notConnected)), CallResult(.invalidAnswer),
            CallResult(.temporary(.timeout(requestBegun: true))), CallResult(.rejected(status: 400)),
        ]
        return results.randomElement(using: &random) ?? results[0]
    }

    private mutating func advance(_ duration: Duration) {
        now += duration
        let due = pauses.filter { $0.until <= now }
        pauses.removeAll { $0.until <= now }
        for pause in due { perform(dispatcher.wake(lane: pause.lane, now: now)) }
    }

    private mutating func perform(_ first: HandlerDispatcher.Turn) {
        var next: HandlerDispatcher.Turn? = first
        while let turn = next {
            for (complete, result) in turn.completions { complete(result) }
            for pause in turn.pauses {
                // As the service does it: a later pause of the same lane takes the place of an earlier one.
                pauses.removeAll { $0.lane == pause.lane }
                pauses.append((pause.lane, now + pause.duration))
            }
            calls += turn.calls.map { .one($0) } + turn.batches.map { .several($0) }
            next = turn.finishedLanes.isEmpty ? nil : dispatcher.release(lanes: turn.finishedLanes, now: now)
        }
    }
}
