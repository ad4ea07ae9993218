import HandlerContract
import Outbox
import Randomness
import Testing

@testable import Gateway

/// Drives engine and dispatcher through random histories: events, answers of all kinds, pauses, full disks, crashes
/// at any point, and checks what is promised.
@Suite struct OutboxSimulation {
    @Test(arguments: 1...60)
    func `what was acked is delivered, in the order of its lane, whatever crashes`(seed: UInt64) throws {
        var world = try World(seed: seed)
        for _ in 0..<500 { try world.step() }
        try world.end()
    }
}

private struct World {
    private static let handler = "app"

    var random: SeededRandom
    var store: ModelStore
    var engine: OutboxEngine<ModelStore>
    var dispatcher: HandlerDispatcher
    var now = ContinuousClock.now
    var sent = 0
    var acked: Set<String> = []
    /// Ids in the order of their deliveries, by lane.
    var delivered: [String: [(sequence: UInt64, id: String)]] = [:]
    var calls: [HandlerAttempt] = []
    var pauses: [(lane: String, until: ContinuousClock.Instant)] = []
    /// How deliveries ended, as the outbox's thread is told.
    let reports = Recorder<(report: OutboxEngine<ModelStore>.Report, stored: StoredEvent)>()
    var reportsTaken = 0
    let disk: Disk
    var isEnding = false

    /// The disk's state, which the store asks for.
    final class Disk {
        var random: SeededRandom
        var isCertain = false
        init(_ random: SeededRandom) { self.random = random }
    }

    init(seed: UInt64) throws {
        random = SeededRandom(seed: seed)
        disk = Disk(SeededRandom(seed: seed &* 31))
        store = ModelStore()
        engine = try Self.engine(store)
        dispatcher = Self.dispatcher()
        connectDisk()
    }

    private static func engine(_ store: ModelStore) throws -> OutboxEngine<ModelStore> {
        // Small, so that everything overflows.
        try OutboxEngine(
            store: store, handlers: [handler],
            limits: .init(maxBytes: 300 * 200, window: .init(events: 16, bytes: 1 << 20, laneEvents: 4)))
    }

    private static func dispatcher() -> HandlerDispatcher {
        let breaker = CircuitBreaker.Limits(minimumCalls: 8, openFor: .seconds(1))
        return HandlerDispatcher(
            limits: .init(concurrency: 3, callTimeout: .seconds(5), breaker: breaker), random: { 0.3 })
    }

    private func connectDisk() {
        let disk = disk
        store.fate = {
            guard !disk.isCertain else { return .succeeds }
            return switch Int.random(in: 0..<20, using: &disk.random) {
            case 0: .fails
            case 1: .failsButHappens
            default: .succeeds
            }
        }
    }

    mutating func step() throws {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<25: append()
        case 25..<75: answer()
        case 75..<90: advance(.milliseconds(Int.random(in: 1...3_000, using: &random)))
        case 90..<97: turn([])
        case 97: _ = try? engine.replay(.all, limit: 5, diedBy: .max, now: 0)
        default: try crash()
        }
        #expect(dispatcher.scheduler.invariants())
        #expect(engine.loaded <= 16)
        #expect(calls.count <= 3)
    }

    /// Everything in memory is gone; what was on its way to the handler may have arrived.
    mutating func crash() throws {
        store = ModelStore(store.committed)
        connectDisk()
        engine = try Self.engine(store)
        dispatcher = Self.dispatcher()
        calls = []
        pauses = []
        reportsTaken = reports.all.count
        turn([])
    }

    mutating func end() throws {
        disk.isCertain = true
        isEnding = true
        var rounds = 0
        while engine.census.pendingTotal > 0 || engine.unwritten > 0 {
            while !calls.isEmpty { answer() }
            advance(.seconds(70))
            turn([])
            rounds += 1
            try #require(rounds < 2_000, "the outbox never gets empty")
        }
        var seen: Set<String> = []
        for (lane, deliveries) in delivered {
            var first: [UInt64] = []
            var ids: [UInt64: String] = [:]
            for (sequence, id) in deliveries {
                if ids[sequence] == nil { first.append(sequence) }
                #expect(ids[sequence] ?? id == id, "\(lane): two events have the number \(sequence)")
                ids[sequence] = id
                seen.insert(id)
            }
            #expect(first == Array(1...UInt64(first.count)), "\(lane): out of order, or with a hole")
        }
        #expect(acked.subtracting(seen).isEmpty)
        #expect(store.committed.rows.values.allSatisfy { $0.death != nil })
        #expect(engine.census.dead == store.committed.rows.count)
        #expect(engine.loaded == 0)
    }

    private mutating func append() {
        var events: [NewEvent] = []
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            sent += 1
            events.append(
                NewEvent(
                    id: "evt_\(sent)", handler: Self.handler, route: "put",
                    lane: "lane \(Int.random(in: 1...5, using: &random))", type: "socket.event", socket: "S",
                    namespace: "/", accepted: 0, head: [], tail: []))
        }
        turn(events)
    }

    private mutating func turn(_ events: [NewEvent]) {
        takeReports()
        let turn = engine.turn(appends: events, now: 0)
        for (event, result) in zip(events, turn.results) {
            if case .stored = result { acked.insert(event.id) }
        }
        for stored in turn.deliver { deliver(stored) }
    }

    private mutating func takeReports() {
        let all = reports.all
        for (report, stored) in all[reportsTaken...] { engine.report(report, of: stored) }
        reportsTaken = all.count
    }

    private mutating func deliver(_ stored: StoredEvent) {
        let reports = reports
        let position = stored.position
        let job = HandlerJob(
            input: EnvelopeInput(
                id: stored.event.id, time: Timestamp(seconds: 0), route: "put", node: "", socket: nil,
                content: .stored(.event, Envelope(head: [], tail: []))),
            mode: .atLeastOnce, lane: stored.event.lane, socketID: "S", timeout: .seconds(2), isIdempotent: true,
            stored: StoredDelivery(
                sequence: stored.sequence, earlierAttempts: stored.attempts, since: now,
                isRedelivered: stored.isRedelivered, policy: RetryPolicy(maxAttempts: 4),
                attempted: { attempts, _ in
                    reports.append((.attempted(position, attempts: attempts, notBefore: 0), stored))
                }),
            complete: { result in
                switch result {
                case .answer, .done: reports.append((.delivered(position), stored))
                case .deadLetter(let cause):
                    let death = Death(
                        reason: cause.reason.rawValue, attempts: cause.attempts, status: 0, problem: "", response: [],
                        time: 0)
                    reports.append((.died(position, death), stored))
                default: Issue.record("unexpected end: \(result)")
                }
            })
        guard let turn = dispatcher.accept(job, now: now) else {
            Issue.record("refused")
            return
        }
        perform(turn)
    }

    private mutating func answer() {
        guard let index = calls.indices.randomElement(using: &random) else { return }
        let attempt = calls.remove(at: index)
        var results = [CallResult(.success, answer: .answer(HandlerAnswer()))]
        if !isEnding {
            results += [
                CallResult(.success, answer: .answer(HandlerAnswer())), CallResult(.temporary(.status(503))),
                CallResult(.temporary(.notConnected)), CallResult(.invalidAnswer), CallResult(.rejected(status: 400)),
            ]
        }
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
            for attempt in turn.attempted { attempt.tell(attempt.attempts, attempt.pause) }
            for (complete, result) in turn.completions { complete(result) }
            for pause in turn.pauses { pauses.append((pause.lane, now + pause.duration)) }
            for call in turn.calls {
                calls.append(call)
                delivered[call.job.lane, default: []].append((call.job.stored?.sequence ?? 0, call.job.input.id))
            }
            next = turn.finishedLanes.isEmpty ? nil : dispatcher.release(lanes: turn.finishedLanes, now: now)
        }
    }
}
