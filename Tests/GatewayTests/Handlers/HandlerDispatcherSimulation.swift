import HandlerContract
import Randomness
import Testing

@testable import Gateway

/// Drives the dispatcher through random histories: events, answers of all kinds, pauses, deadlines, drains.
@Suite struct HandlerDispatcherSimulation {
    @Test(arguments: 1...40)
    func `every job is completed once, in order, one call per lane`(seed: UInt64) {
        var world = World(seed: seed)
        for _ in 0..<600 { world.step() }
        world.end()
    }
}

private struct World {
    var random: SeededRandom
    var dispatcher: HandlerDispatcher
    var now = ContinuousClock.now
    var accepted: [String] = []
    let completed = Recorder<String>()
    var calls: [HandlerAttempt] = []
    var pauses: [(lane: String, until: ContinuousClock.Instant)] = []
    /// By lane: the number of the last event whose first call was made, and its sequence.
    var lastCalled: [String: (number: Int, sequence: UInt64)] = [:]

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        let breaker = CircuitBreaker.Limits(minimumCalls: 8, openFor: .seconds(1))
        dispatcher = HandlerDispatcher(
            limits: HandlerDispatcher.Limits(
                concurrency: 4, callTimeout: .seconds(5), laneCapacity: 6, capacity: 40, breaker: breaker),
            random: { 0.3 })
    }

    mutating func step() {
        switch Int.random(in: 0..<12, using: &random) {
        case 0..<5: submit()
        case 5..<9: answer()
        case 9, 10: advance(.milliseconds(Int.random(in: 1...800, using: &random)))
        default: perform(dispatcher.expire(now: now))
        }
        #expect(dispatcher.scheduler.invariants())
        #expect(calls.count <= 4)
        #expect(Set(calls.map(\.job.lane)).count == calls.count)
    }

    mutating func end() {
        perform(dispatcher.drain(now: now))
        while !calls.isEmpty { answer() }
        perform(dispatcher.close())
        #expect(completed.all.sorted() == accepted.sorted())
        #expect(Set(accepted).count == accepted.count)
        #expect(dispatcher.isIdle)
    }

    private mutating func submit() {
        let number = accepted.count + 1
        let lane = "lane \(Int.random(in: 1...8, using: &random))"
        let isConnect = Int.random(in: 0..<6, using: &random) == 0
        let event = EnvelopeInput.Content.event(name: "say", arguments: [], attachments: [], wantsAck: true)
        let job = HandlerJob(
            "\(number)", content: isConnect ? .connect(EnvelopeInput.Connect()) : event, lane: lane,
            mode: [.request, .atMostOnce, .atLeastOnce].randomElement(using: &random) ?? .request,
            timeout: .milliseconds([500, 3_000, 5_000].randomElement(using: &random) ?? 500),
            isIdempotent: Bool.random(using: &random), complete: { [completed] _ in completed.append("\(number)") })
        guard let turn = dispatcher.accept(job, now: now) else { return }
        accepted.append("\(number)")
        perform(turn)
    }

    private mutating func answer() {
        guard let index = calls.indices.randomElement(using: &random) else { return }
        let attempt = calls.remove(at: index)
        let answer: HandlerResult = attempt.job.input.type == .connect ? .connect(.retry) : .answer(HandlerAnswer())
        let results = [
            CallResult(.success, answer: answer), CallResult(.success, answer: answer),
            CallResult(.temporary(.status(503))), CallResult(.temporary(.notConnected)), CallResult(.invalidAnswer),
            CallResult(.temporary(.timeout(requestBegun: true))), CallResult(.denied), CallResult(.unexpected),
        ]
        perform(dispatcher.ended(attempt, results.randomElement(using: &random) ?? results[0], now: now))
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
            for pause in turn.pauses { pauses.append((pause.lane, now + pause.duration)) }
            for call in turn.calls { begin(call) }
            next = turn.finishedLanes.isEmpty ? nil : dispatcher.release(lanes: turn.finishedLanes, now: now)
        }
    }

    private mutating func begin(_ call: HandlerAttempt) {
        calls.append(call)
        let number = Int(call.job.input.id.dropFirst(4)) ?? 0
        let last = lastCalled[call.job.lane]
        if call.number == 1 {
            #expect(number > last?.number ?? 0)
            #expect(call.sequence > last?.sequence ?? 0)
            lastCalled[call.job.lane] = (number, call.sequence)
        } else {
            #expect(number == last?.number && call.sequence == last?.sequence)
        }
    }
}
