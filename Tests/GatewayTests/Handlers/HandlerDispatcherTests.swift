import HandlerContract
import Testing

@testable import Gateway

@Suite struct HandlerDispatcherTests {
    private let start = ContinuousClock.now
    private let results = Recorder<String>()

    private func dispatcher(
        concurrency: Int = 64, capacity: Int = 1_000, breaker: CircuitBreaker.Limits = .init()
    ) -> HandlerDispatcher {
        HandlerDispatcher(
            limits: HandlerDispatcher.Limits(
                concurrency: concurrency, callTimeout: .seconds(5), capacity: capacity, breaker: breaker),
            random: { 0.5 })
    }

    private func job(_ name: String, lane: String, isConnect: Bool = false, timeout: Duration = .seconds(5)) -> HandlerJob {
        HandlerJob(
            name,
            content: isConnect
                ? .connect(EnvelopeInput.Connect()) : .event(name: "say", arguments: [], attachments: [], wantsAck: true),
            lane: lane, timeout: timeout, complete: { [results] in results.append("\(name): \($0.label)") })
    }

    /// Completes what a turn says and returns the calls that it wants.
    private func perform(_ turn: HandlerDispatcher.Turn?) -> [HandlerAttempt] {
        for (complete, result) in turn?.completions ?? [] { complete(result) }
        return turn?.calls ?? []
    }

    @Test func `all lanes together are bounded`() {
        var dispatcher = dispatcher(capacity: 2)
        let taken = ["a", "b", "c"].map { dispatcher.accept(job($0, lane: $0), now: start) != nil }
        #expect(taken == [true, true, false])
    }

    @Test func `a sequence begins anew only after the last event of a lane that was forgotten`() {
        var dispatcher = dispatcher()
        var calls = perform(dispatcher.accept(job("1", lane: "a"), now: start))
        calls += perform(dispatcher.accept(job("2", lane: "a"), now: start))
        // The socket has left while its last events are on their way.
        dispatcher.forget(lane: "a")
        calls += perform(dispatcher.ended(calls[0], CallResult(.success, answer: .done), now: start))
        #expect(calls.map(\.sequence) == [1, 2])
        _ = perform(dispatcher.ended(calls[1], CallResult(.success, answer: .done), now: start))
        let again = perform(dispatcher.accept(job("3", lane: "a"), now: start))
        #expect(again.map(\.sequence) == [1])
    }

    @Test func `a backlog is worked off in turns of bounded length`() {
        var dispatcher = dispatcher(concurrency: 1, breaker: CircuitBreaker.Limits(minimumCalls: 1))
        let calls = perform(dispatcher.accept(job("0", lane: "0"), now: start))
        for number in 1...1_000 { #expect(perform(dispatcher.accept(job("\(number)", lane: "\(number)"), now: start)).isEmpty) }
        var turn = dispatcher.ended(calls[0], CallResult(.temporary(.status(500))), now: start)
        var turns = 0
        while turn.isIncomplete {
            #expect(turn.completions.count <= 257)
            #expect(perform(turn).isEmpty)
            turn = dispatcher.proceed(now: start)
            turns += 1
        }
        #expect(perform(turn).isEmpty)
        #expect(turns == 3)
        #expect(results.all.count == 1_001)
        #expect(dispatcher.isIdle)
        #expect(dispatcher.scheduler.invariants())
    }

    @Test func `a job that expired while it waited is not called when its turn comes`() {
        var dispatcher = dispatcher()
        let calls = perform(dispatcher.accept(job("1", lane: "a"), now: start))
        _ = perform(dispatcher.accept(job("2", lane: "a", timeout: .seconds(1)), now: start))
        #expect(dispatcher.nextExpiry == start + .seconds(1))
        _ = perform(dispatcher.expire(now: start + .seconds(1)))
        #expect(results.all == ["2: failed timeout"])
        let after = perform(dispatcher.ended(calls[0], CallResult(.success, answer: .done), now: start + .seconds(2)))
        #expect(after.isEmpty)
        #expect(results.all == ["2: failed timeout", "1: done"])
        #expect(dispatcher.isIdle && dispatcher.scheduler.jobCount == 0)
    }

    @Test func `a CONNECT that the breaker holds asks again, and is called when the breaker lets it`() {
        var dispatcher = dispatcher(breaker: CircuitBreaker.Limits(minimumCalls: 1, openFor: .seconds(5)))
        let calls = perform(dispatcher.accept(job("1", lane: "a"), now: start))
        let opened = dispatcher.ended(calls[0], CallResult(.temporary(.status(500))), now: start)
        #expect(opened.notices.contains(.breakerOpened))
        _ = perform(opened)
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
        let calls = perform(dispatcher.accept(job("1", lane: "a"), now: start))
        _ = perform(dispatcher.close())
        let turn = dispatcher.ended(
            calls[0], CallResult(.temporary(.reset(requestBegun: true)), isAbandoned: true), now: start)
        #expect(turn.notices.isEmpty && turn.completions.isEmpty)
        #expect(dispatcher.statistics(now: start).breaker == .closed)
        #expect(dispatcher.statistics(now: start).requests.isEmpty)
        #expect(results.all == ["1: failed unavailable"])
    }
}
