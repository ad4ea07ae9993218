import Randomness
import Testing

@testable import HandlerContract

@Suite struct LaneSchedulerTests {
    private typealias Scheduler = LaneScheduler<String>

    private func starts(_ turn: Scheduler.Turn) -> [String] { turn.start.map(\.job) }

    /// The job that starts at once; nil when it does not.
    private func started(_ enqueued: Scheduler.Enqueued) -> String? {
        if case .start(let start) = enqueued { start.job } else { nil }
    }

    private func isFull(_ enqueued: Scheduler.Enqueued) -> Bool {
        if case .full = enqueued { true } else { false }
    }

    @Test func `one job of a lane is in flight and the others follow in order`() {
        var scheduler = Scheduler()
        #expect(started(scheduler.enqueue("1", lane: "a", owner: 1)) == "1")
        #expect(started(scheduler.enqueue("2", lane: "a", owner: 1)) == nil)
        #expect(started(scheduler.enqueue("3", lane: "a", owner: 1)) == nil)
        #expect(started(scheduler.enqueue("x", lane: "b", owner: 2)) == "x")
        #expect(starts(scheduler.finished(lane: "a")) == ["2"])
        #expect(starts(scheduler.finished(lane: "a")) == ["3"])
        #expect(starts(scheduler.finished(lane: "a")).isEmpty)
        #expect(scheduler.inFlight == 1 && scheduler.invariants())
    }

    @Test func `users whose names look alike do not wait for each other`() {
        var scheduler = Scheduler()
        #expect(started(scheduler.enqueue("1", lane: "user:caf\u{E9}", owner: 1)) == "1")
        #expect(started(scheduler.enqueue("2", lane: "user:cafe\u{301}", owner: 2)) == "2")
        #expect(started(scheduler.enqueue("3", lane: "user:cafe\u{301}", owner: 2)) == nil)
        #expect(scheduler.laneCount == 2 && scheduler.count(inLane: "user:cafe\u{301}") == 2)
        _ = scheduler.blocked(lane: "user:caf\u{E9}")
        #expect(starts(scheduler.finished(lane: "user:cafe\u{301}")) == ["3"])
        #expect(scheduler.invariants())
    }

    @Test func `a second event that fails three times is seen as 1,2,2,2,2,3`() {
        var scheduler = Scheduler()
        var seen: [String] = []
        var sequences: [UInt64] = []
        func note(_ start: Scheduler.Start) {
            seen.append(start.job)
            sequences.append(start.sequence)
        }
        for job in ["1", "2", "3"] {
            if case .start(let start) = scheduler.enqueue(job, lane: "a", owner: 1) { note(start) }
        }
        scheduler.finished(lane: "a").start.forEach(note)
        for _ in 0..<3 {
            #expect(starts(scheduler.blocked(lane: "a", by: "2")).isEmpty)
            #expect(scheduler.inFlight == 0)
            scheduler.unblocked(lane: "a").start.forEach(note)
        }
        scheduler.finished(lane: "a").start.forEach(note)
        scheduler.finished(lane: "a").start.forEach(note)
        #expect(seen == ["1", "2", "2", "2", "2", "3"])
        #expect(sequences == [1, 2, 2, 2, 2, 3])
        #expect(scheduler.laneCount == 0 && scheduler.jobCount == 0 && scheduler.invariants())
    }

    @Test func `blocked lanes hold up no other lane and no place in flight`() {
        var scheduler = Scheduler(limits: LaneLimits(concurrency: 2))
        for lane in 0..<50 {
            #expect(started(scheduler.enqueue("bad", lane: "bad\(lane)", owner: 1)) == "bad")
            _ = scheduler.blocked(lane: "bad\(lane)", by: "bad")
        }
        #expect(started(scheduler.enqueue("good", lane: "good", owner: 2)) == "good")
        #expect(scheduler.inFlight == 1 && scheduler.invariants())
    }

    @Test func `a job that is retried is the one that was handed back`() {
        var scheduler = Scheduler()
        _ = scheduler.enqueue("attempt 1", lane: "a", owner: 1)
        _ = scheduler.blocked(lane: "a", by: "attempt 2")
        #expect(starts(scheduler.unblocked(lane: "a")) == ["attempt 2"])
    }

    @Test func `calls over all lanes are bounded and lanes take turns`() {
        var scheduler = Scheduler(limits: LaneLimits(concurrency: 2))
        for job in ["a1", "a2", "a3", "b1", "b2", "c1", "d1"] {
            _ = scheduler.enqueue(job, lane: String(job.prefix(1)), owner: 1)
        }
        #expect(scheduler.inFlight == 2)
        #expect(starts(scheduler.finished(lane: "a")) == ["c1"])
        #expect(starts(scheduler.finished(lane: "b")) == ["d1"])
        #expect(starts(scheduler.finished(lane: "c")) == ["a2"])
        #expect(starts(scheduler.finished(lane: "d")) == ["b2"])
        #expect(starts(scheduler.finished(lane: "a")) == ["a3"])
    }

    @Test func `a lane takes a thousand jobs`() {
        var scheduler = Scheduler()
        for job in 0..<1_000 { #expect(!isFull(scheduler.enqueue("\(job)", lane: "a", owner: 1))) }
        #expect(isFull(scheduler.enqueue("more", lane: "a", owner: 1)))
        #expect(!isFull(scheduler.enqueue("other", lane: "b", owner: 1)))
        #expect(scheduler.count(inLane: "a") == 1_000)
        _ = scheduler.finished(lane: "a")
        #expect(!isFull(scheduler.enqueue("more", lane: "a", owner: 1)))
        #expect(scheduler.invariants())
    }

    @Test func `an owner is paused at 64 jobs and goes on at 32, over all lanes`() {
        var scheduler = Scheduler()
        for job in 0..<63 { _ = scheduler.enqueue("\(job)", lane: "lane \(job % 3)", owner: 9) }
        #expect(!scheduler.isPaused(9))
        _ = scheduler.enqueue("63", lane: "lane 0", owner: 9)
        #expect(scheduler.isPaused(9) && !scheduler.isPaused(8))
        for _ in 0..<31 { #expect(scheduler.finished(lane: longest(scheduler)).resume.isEmpty) }
        #expect(scheduler.finished(lane: longest(scheduler)).resume == [9])
        #expect(!scheduler.isPaused(9) && scheduler.jobCount == 32)
    }

    private func longest(_ scheduler: Scheduler) -> String {
        (0..<3).map { "lane \($0)" }.max { scheduler.count(inLane: $0) < scheduler.count(inLane: $1) } ?? ""
    }

    @Test func `a dropped lane finishes the job in flight and leaves no gap`() {
        var scheduler = Scheduler()
        for job in ["1", "2", "3"] { _ = scheduler.enqueue(job, lane: "a", owner: 1) }
        #expect(scheduler.drop(lane: "a").jobs == ["2", "3"])
        #expect(scheduler.inFlight == 1)
        _ = scheduler.enqueue("last", lane: "a", owner: 1)
        let turn = scheduler.finished(lane: "a")
        #expect(starts(turn) == ["last"])
        #expect(turn.start.first?.sequence == 2)
        #expect(scheduler.invariants())
    }

    @Test func `a blocked lane is dropped whole, and a late timer does nothing`() {
        var scheduler = Scheduler()
        for job in ["1", "2"] { _ = scheduler.enqueue(job, lane: "a", owner: 1) }
        _ = scheduler.blocked(lane: "a", by: "1")
        #expect(scheduler.drop(lane: "a").jobs == ["1", "2"])
        #expect(scheduler.laneCount == 0)
        #expect(starts(scheduler.unblocked(lane: "a")).isEmpty)
        #expect(starts(scheduler.finished(lane: "a")).isEmpty)
        #expect(scheduler.inFlight == 0 && scheduler.invariants())
    }

    @Test func `reports about lanes that are not in that state change nothing`() {
        var scheduler = Scheduler()
        _ = scheduler.enqueue("1", lane: "a", owner: 1)
        #expect(starts(scheduler.unblocked(lane: "a")).isEmpty)
        _ = scheduler.blocked(lane: "a", by: "1")
        #expect(starts(scheduler.finished(lane: "a")).isEmpty)
        #expect(starts(scheduler.blocked(lane: "a", by: "2")).isEmpty)
        #expect(scheduler.drop(lane: "b").jobs.isEmpty)
        #expect(scheduler.count(inLane: "a") == 1 && scheduler.invariants())
    }

    @Test func `sequences go on after a lane was empty, until it is forgotten`() {
        var scheduler = Scheduler()
        for expected: UInt64 in [1, 2, 3] {
            guard case .start(let start) = scheduler.enqueue("x", lane: "a", owner: 1) else { return }
            #expect(start.sequence == expected)
            _ = scheduler.finished(lane: "a")
        }
        scheduler.forgetSequence(ofLane: "a")
        guard case .start(let start) = scheduler.enqueue("x", lane: "a", owner: 1) else { return }
        #expect(start.sequence == 1)
    }

    @Test func `limits that make no sense are the nearest that do`() {
        let limits = LaneLimits(
            concurrency: 0, laneCapacity: -1, ownerPause: 0, ownerResume: 100, rememberedSequences: .min)
        #expect(
            limits == LaneLimits(concurrency: 1, laneCapacity: 1, ownerPause: 1, ownerResume: 0, rememberedSequences: 1)
        )
    }

    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
    func `it does what the plain model does`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let limits = LaneLimits(
            concurrency: Int.random(in: 1...4, using: &random), laneCapacity: Int.random(in: 1...12, using: &random),
            ownerPause: 8, ownerResume: 4)
        var scheduler = LaneScheduler<LaneModel.Job>(limits: limits)
        var model = LaneModel(limits: limits)
        func seen(_ starts: [LaneScheduler<LaneModel.Job>.Start]) -> [LaneModel.Start] {
            starts.map { LaneModel.Start(job: $0.job, lane: $0.lane, sequence: $0.sequence) }
        }
        for step in 0..<4_000 {
            let lane = "lane \(Int.random(in: 0..<8, using: &random))"
            var agrees: Bool
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<45:
                let job = LaneModel.Job(number: step, owner: UInt64.random(in: 0..<3, using: &random))
                let expected = model.enqueue(job, lane: lane)
                switch scheduler.enqueue(job, lane: lane, owner: job.owner) {
                case .start(let start): agrees = expected == seen([start])
                case .queued: agrees = expected == []
                case .full: agrees = expected == nil
                }
            case 45..<75:
                let expected = model.finished(lane)
                let turn = scheduler.finished(lane: lane)
                agrees = seen(turn.start) == expected.start && turn.resume == expected.resume
            case 75..<85:
                guard var job = model.jobs[lane]?.first else { continue }
                job.attempt += 1
                agrees = seen(scheduler.blocked(lane: lane, by: job).start) == model.blocked(lane, by: job)
            case 85..<97:
                agrees = seen(scheduler.unblocked(lane: lane).start) == model.unblocked(lane)
            default:
                let expected = model.drop(lane)
                let dropped = scheduler.drop(lane: lane)
                agrees = dropped.jobs == expected.jobs && dropped.resume == expected.resume
            }
            agrees =
                agrees && scheduler.invariants() && scheduler.inFlight == model.running.count
                && scheduler.laneCount == model.jobs.count
                && (0..<3).allSatisfy { scheduler.isPaused($0) == model.paused.contains($0) }
            guard agrees else {
                Issue.record("seed \(seed), step \(step)")
                return
            }
        }
    }

    @Test func `twenty thousand lanes come and go without a trace`() {
        var scheduler = LaneScheduler<Int>(limits: LaneLimits(concurrency: 8, rememberedSequences: 10))
        for lane in 0..<20_000 { _ = scheduler.enqueue(lane, lane: "\(lane)", owner: UInt64(lane)) }
        var done: [Int] = []
        var running = Array(0..<8)
        while !running.isEmpty {
            let lane = running.removeFirst()
            done.append(lane)
            running += scheduler.finished(lane: "\(lane)").start.map(\.job)
            if running.count > 8 { Issue.record("more than eight in flight") }
        }
        #expect(done == Array(0..<20_000))
        #expect(scheduler.laneCount == 0 && scheduler.jobCount == 0 && scheduler.invariants())
    }
}
