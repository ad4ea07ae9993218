import Testing

@testable import HandlerContract

@Suite struct LaneSchedulerBatchesTests {
    private typealias Scheduler = LaneScheduler<String>

    /// One lane with three jobs and one with a single one, of which the first ones are in flight.
    private func filled(concurrency: Int = 4) -> Scheduler {
        var scheduler = Scheduler(limits: LaneLimits(concurrency: concurrency))
        for job in ["a1", "a2", "a3", "b1"] { _ = scheduler.enqueue(job, lane: String(job.prefix(1)), owner: 1) }
        return scheduler
    }

    @Test func `the jobs of a lane go along in their order, with their numbers`() {
        var scheduler = filled()
        let more = scheduler.extend(lane: "a", limit: 5) { $0 != "a9" }
        #expect(more.map(\.job) == ["a2", "a3"] && more.map(\.sequence) == [2, 3])
        for _ in 0..<2 { #expect(scheduler.finished(lane: "a").start.isEmpty) }
        #expect(scheduler.count(inLane: "a") == 1 && scheduler.invariants())
        _ = scheduler.enqueue("a4", lane: "a", owner: 1)
        #expect(scheduler.finished(lane: "a").start.map(\.job) == ["a4"])
    }

    @Test func `who does not join keeps those behind from joining`() {
        var scheduler = filled()
        let none = scheduler.extend(lane: "a", limit: 5) { $0 != "a2" }
        let one = scheduler.extend(lane: "a", limit: 1) { _ in true }
        let unknown = scheduler.extend(lane: "c", limit: 1) { _ in true }
        #expect(none.isEmpty && unknown.isEmpty && one.map(\.job) == ["a2"])
        #expect(scheduler.invariants())
    }

    @Test func `a job that stops its lane is the next one again, and so are those behind it`() {
        var scheduler = filled()
        _ = scheduler.extend(lane: "a", limit: 5) { _ in true }
        _ = scheduler.finished(lane: "a")
        _ = scheduler.blocked(lane: "a")
        #expect(scheduler.invariants())
        let again = scheduler.unblocked(lane: "a").start
        #expect(again.map(\.job) == ["a2"] && again.map(\.sequence) == [2])
        #expect(scheduler.finished(lane: "a").start.map(\.sequence) == [3])
    }

    @Test func `lanes that gather are no calls, and the call that they become is one`() {
        var scheduler = filled(concurrency: 1)
        #expect(scheduler.gathers(lane: "a").start.map(\.job) == ["b1"])
        #expect(scheduler.gathers(lane: "b").start.isEmpty)
        #expect(scheduler.inFlight == 0)
        let begins = scheduler.beginBatch()
        #expect(begins && scheduler.inFlight == 1 && scheduler.invariants())
        _ = scheduler.enqueue("c1", lane: "c", owner: 1)
        #expect(scheduler.endBatch().start.map(\.job) == ["c1"])
        #expect(scheduler.invariants())
    }

    @Test func `a call for several that waits gets the next place`() {
        var scheduler = filled(concurrency: 1)
        let waits = !scheduler.beginBatch()
        _ = scheduler.reserve(1)
        _ = scheduler.extend(lane: "a", limit: 5) { _ in true }
        for _ in 0..<3 { #expect(scheduler.finished(lane: "a").start.isEmpty) }
        let begins = scheduler.beginBatch()
        #expect(waits && begins)
        #expect(scheduler.reserve(0).start.isEmpty)
        #expect(scheduler.endBatch().start.map(\.job) == ["b1"])
        #expect(scheduler.invariants())
    }

    @Test func `a dropped lane keeps all that are in flight`() {
        var scheduler = filled()
        _ = scheduler.extend(lane: "a", limit: 1) { _ in true }
        #expect(scheduler.drop(lane: "a").jobs == ["a3"])
        for _ in 0..<2 { _ = scheduler.finished(lane: "a") }
        #expect(scheduler.count(inLane: "a") == 0 && scheduler.invariants())
    }
}
