import HandlerContract
import Testing

@testable import Gateway

@Suite struct HandlerDispatcherTests {
    private let start = ContinuousClock.now
    private let results = Recorder<String>()

    private func dispatcher(
        concurrency: Int = 64, capacity: Int = 1_000, handedOver: Int = 32 << 20,
        breaker: CircuitBreaker.Limits = .init()
    ) -> HandlerDispatcher {
        HandlerDispatcher(
            limits: HandlerDispatcher.Limits(
                concurrency: concurrency, callTimeout: .seconds(5), capacity: capacity, handedOver: handedOver,
                breaker: breaker),
            random: { 0.5 })
    }

    private func job(
        _ name: String, lane: String, isConnect: Bool = false, mode: DeliveryMode = .request, bytes: Int = 0,
        timeout: Duration = .seconds(5)
    ) -> HandlerJob {
        let arguments = [UInt8](repeating: UInt8(ascii: "1"), count: bytes)
        let event = EnvelopeInput.Content.event(name: "say", arguments: arguments, attachments: [], wantsAck: true)
        return HandlerJob(
            name, content: isConnect ? .connect(EnvelopeInput.Connect()) : event, lane: lane, mode: mode,
            timeout: timeout,
            complete: { [results] in results.append("\(name): \($0.label)") })
    }

    /// Completes what a turn says, lets its lanes go on, and returns the calls that are wanted.
    private func perform(_ first: HandlerDispatcher.Turn?, _ dispatcher: inout HandlerDispatcher) -> [HandlerAttempt] {
        var calls: [HandlerAttempt] = []
        var next = first
        while let turn = next {
            for (complete, result) in turn.completions { complete(result) }
            calls += turn.calls
            next = turn.finishedLanes.isEmpty ? nil : dispatcher.release(lanes: turn.finishedLanes, now: start)
        }
        return calls
    }

    @Test func `all lanes together are bounded`() {
        var dispatcher = dispatcher(capacity: 2)
        let taken = ["a", "b", "c"].map { dispatcher.accept(job($0, lane: $0), now: start) != nil }
        #expect(taken == [true, true, false])
    }

    @Test func `events that are only handed over are acked at once as long as few bytes of them wait`() {
        var dispatcher = dispatcher(concurrency: 1, handedOver: 100_000)
        var calls: [HandlerAttempt] = []
        for name in ["a", "b", "c", "d"] {
            let job = job(name, lane: name, mode: .atMostOnce, bytes: 40_000)
            calls += perform(dispatcher.accept(job, now: start), &dispatcher)
        }
        #expect(results.all == ["a: done", "b: done"])
        // There is room again: the next one has it, and those that wait are told when the handler is through with them.
        calls += perform(dispatcher.ended(calls[0], CallResult(.success, answer: .done), now: start), &dispatcher)
        let next = job("e", lane: "e", mode: .atMostOnce, bytes: 40_000)
        calls += perform(dispatcher.accept(next, now: start), &dispatcher)
        #expect(results.all == ["a: done", "b: done", "e: done"])
        let failures: [Outcome] = [.temporary(.status(500)), .rejected(status: 400), .denied, .gone]
        for number in 1...4 {
            calls += perform(dispatcher.ended(calls[number], CallResult(failures[number - 1]), now: start), &dispatcher)
        }
        #expect(results.all.sorted() == ["a: done", "b: done", "c: done", "d: done", "e: done"])
        #expect(dispatcher.isIdle && dispatcher.handedOver == 0)
    }

    @Test func `what is handed over and never called gives its room back`() {
        var dispatcher = dispatcher(concurrency: 1, handedOver: 4_000)
        for name in ["a", "b", "c", "d"] {
            let job = job(name, lane: name, mode: .atMostOnce)
            _ = perform(dispatcher.accept(job, now: start), &dispatcher)
        }
        #expect(results.all == ["a: done", "b: done", "c: done"])
        _ = perform(dispatcher.expire(now: start + .seconds(5)), &dispatcher)
        #expect(results.all.last == "d: done")
        #expect(dispatcher.handedOver == HandlerDispatcher.entryBytes)
        _ = perform(dispatcher.close(), &dispatcher)
        #expect(dispatcher.handedOver == 0)
    }

    @Test func `a sequence begins anew only after the last event of a lane that was forgotten`() {
        var dispatcher = dispatcher()
        var calls = perform(dispatcher.accept(job("1", lane: "a"), now: start), &dispatcher)
        calls += perform(dispatcher.accept(job("2", lane: "a"), now: start), &dispatcher)
        // The socket has left while its last events are on their way.
        dispatcher.forget(lane: "a")
        calls += perform(dispatcher.ended(calls[0], CallResult(.success, answer: .done), now: start), &dispatcher)
        #expect(calls.map(\.sequence) == [1, 2])
        _ = perform(dispatcher.ended(calls[1], CallResult(.success, answer: .done), now: start), &dispatcher)
        let again = perform(dispatcher.accept(job("3", lane: "a"), now: start), &dispatcher)
        #expect(again.map(\.sequence) == [1])
    }

    @Test func `an event is not called before the answer to the one before it is handed over`() {
        var dispatcher = dispatcher()
        let calls = perform(dispatcher.accept(job("1", lane: "a"), now: start), &dispatcher)
        _ = perform(dispatcher.accept(job("2", lane: "a"), now: start), &dispatcher)
        let turn = dispatcher.ended(calls[0], CallResult(.success, answer: .done), now: start)
        #expect(turn.calls.isEmpty && turn.completions.count == 1)
        _ = perform(dispatcher.accept(job("3", lane: "a"), now: start), &dispatcher)
        #expect(perform(turn, &dispatcher).map(\.job.input.id) == ["evt_2"])
    }

    @Test func `when the breaker opens, what waits fails at once`() {
        var dispatcher = dispatcher(concurrency: 1, capacity: 2_000, breaker: CircuitBreaker.Limits(minimumCalls: 1))
        let calls = perform(dispatcher.accept(job("0", lane: "0"), now: start), &dispatcher)
        for number in 1...1_000 {
            let turn = dispatcher.accept(job("\(number)", lane: "\(number)"), now: start)
            #expect(perform(turn, &dispatcher).isEmpty)
        }
        let turn = dispatcher.ended(calls[0], CallResult(.temporary(.status(500))), now: start)
        #expect(perform(turn, &dispatcher).isEmpty)
        #expect(results.all.count == 1_001)
        #expect(results.all.allSatisfy { $0.hasSuffix("failed unavailable") })
        #expect(dispatcher.isIdle)
        #expect(dispatcher.scheduler.jobCount == 0 && dispatcher.scheduler.invariants())
    }

    @Test func `a call that had little time says nothing about the handler`() {
        var dispatcher = dispatcher(concurrency: 1, breaker: CircuitBreaker.Limits(minimumCalls: 1))
        let first = perform(dispatcher.accept(job("1", lane: "a"), now: start), &dispatcher)
        _ = perform(dispatcher.accept(job("2", lane: "b"), now: start), &dispatcher)
        let late = start + .milliseconds(4_900)
        let turn = dispatcher.ended(first[0], CallResult(.success, answer: .done), now: late)
        let second = dispatcher.release(lanes: turn.finishedLanes, now: late).calls
        #expect(second.map(\.job.input.id) == ["evt_2"])
        let timeout = CallResult(.temporary(.timeout(requestBegun: true)))
        _ = perform(dispatcher.ended(second[0], timeout, now: start + .seconds(5)), &dispatcher)
        #expect(dispatcher.statistics(now: late).breaker == .closed)
        #expect(results.all == ["2: failed timeout"])
    }

    @Test func `a job that expired while it waited is not called when its turn comes`() {
        var dispatcher = dispatcher()
        let calls = perform(dispatcher.accept(job("1", lane: "a"), now: start), &dispatcher)
        _ = perform(dispatcher.accept(job("2", lane: "a", timeout: .seconds(1)), now: start), &dispatcher)
        #expect(dispatcher.nextExpiry == start + .seconds(1))
        _ = perform(dispatcher.expire(now: start + .seconds(1)), &dispatcher)
        #expect(results.all == ["2: failed timeout"])
        let turn = dispatcher.ended(calls[0], CallResult(.success, answer: .done), now: start + .seconds(2))
        let after = perform(turn, &dispatcher)
        #expect(after.isEmpty)
        #expect(results.all == ["2: failed timeout", "1: done"])
        #expect(dispatcher.isIdle && dispatcher.scheduler.jobCount == 0)
    }

    @Test func `a CONNECT that the breaker holds asks again, and is called when the breaker lets it`() {
        var dispatcher = dispatcher(breaker: CircuitBreaker.Limits(minimumCalls: 1, openFor: .seconds(5)))
        let calls = perform(dispatcher.accept(job("1", lane: "a"), now: start), &dispatcher)
        let opened = dispatcher.ended(calls[0], CallResult(.temporary(.status(500))), now: start)
        #expect(opened.notices.contains(.breakerOpened))
        _ = perform(opened, &dispatcher)
        var turn = dispatcher.accept(job("C", lane: "c", isConnect: true, timeout: .seconds(20)), now: start)
        var now = start
        var pauses = 0
        while let pause = turn?.pauses.first {
            #expect(pause.duration <= .seconds(1))
            now += pause.duration
            pauses += 1
            turn = dispatcher.wake(lane: pause.lane, now: now)
        }
        #expect(turn?.calls.count == 1)
        #expect(now >= start + .seconds(5) && now <= start + .seconds(6))
        #expect(pauses > 3)
        #expect(turn?.calls.first?.number == 1)
    }

    @Test func `a call that we ended ourselves says nothing about the handler`() {
        var dispatcher = dispatcher(breaker: CircuitBreaker.Limits(minimumCalls: 1))
        let calls = perform(dispatcher.accept(job("1", lane: "a"), now: start), &dispatcher)
        _ = perform(dispatcher.close(), &dispatcher)
        let turn = dispatcher.ended(
            calls[0], CallResult(.temporary(.reset(requestBegun: true)), isAbandoned: true), now: start)
        #expect(turn.notices.isEmpty && turn.completions.isEmpty)
        #expect(dispatcher.statistics(now: start).breaker == .closed)
        #expect(dispatcher.statistics(now: start).requests.isEmpty)
        #expect(results.all == ["1: failed unavailable"])
    }
}
