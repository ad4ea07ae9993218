import Testing

@testable import HandlerContract

@Suite struct CircuitBreakerTests {
    private let start = ContinuousClock.now

    private func at(_ seconds: Double) -> ContinuousClock.Instant { start + .seconds(seconds) }

    /// Makes a call that ends at once; false when it was refused.
    @discardableResult
    private func call(_ breaker: inout CircuitBreaker, _ result: CircuitBreaker.Result, at seconds: Double) -> Bool {
        guard case .allowed(let ticket) = breaker.admit(now: at(seconds)) else { return false }
        breaker.record(result, of: ticket, now: at(seconds))
        return true
    }

    /// Until when a call is refused; nil when it is not.
    private func refusal(_ breaker: inout CircuitBreaker, at seconds: Double) -> ContinuousClock.Instant? {
        if case .refused(let until) = breaker.admit(now: at(seconds)) { until } else { nil }
    }

    private func opened(at seconds: Double) -> CircuitBreaker {
        var breaker = CircuitBreaker()
        for _ in 0..<20 { call(&breaker, .failure, at: seconds) }
        return breaker
    }

    @Test func `nineteen failures are too few, the twentieth opens`() {
        var breaker = CircuitBreaker()
        for _ in 0..<19 { call(&breaker, .failure, at: 0) }
        #expect(breaker.state(now: at(0)) == .closed)
        call(&breaker, .failure, at: 0)
        #expect(breaker.state(now: at(0)) == .open)
        #expect(refusal(&breaker, at: 1) == at(5))
    }

    @Test func `half of the calls is enough, less is not`() {
        var breaker = CircuitBreaker()
        for _ in 0..<11 { call(&breaker, .success, at: 0) }
        for _ in 0..<10 { call(&breaker, .failure, at: 1) }
        #expect(breaker.state(now: at(1)) == .closed)
        call(&breaker, .failure, at: 1)
        #expect(breaker.state(now: at(1)) == .open)
    }

    @Test func `a success can complete the twenty calls as well`() {
        var breaker = CircuitBreaker()
        for _ in 0..<19 { call(&breaker, .failure, at: 0) }
        call(&breaker, .success, at: 0)
        #expect(breaker.state(now: at(0)) == .open)
    }

    @Test func `failures older than ten seconds do not count`() {
        var breaker = CircuitBreaker()
        for _ in 0..<19 { call(&breaker, .failure, at: 0) }
        call(&breaker, .failure, at: 10)
        #expect(breaker.state(now: at(10)) == .closed)
        for step in 0..<100 { call(&breaker, .failure, at: 20 + Double(step) * 0.6) }
        #expect(breaker.state(now: at(80)) == .closed, "sixteen or seventeen in any ten seconds")
    }

    @Test func `failures spread over nine seconds do count`() {
        var breaker = CircuitBreaker()
        for step in 0..<20 { call(&breaker, .failure, at: Double(step) * 0.45) }
        #expect(breaker.state(now: at(8.55)) == .open)
    }

    @Test func `after five seconds one probe goes, and its success closes`() throws {
        var breaker = opened(at: 0)
        #expect(breaker.state(now: at(4.999)) == .open)
        #expect(refusal(&breaker, at: 4.999) == at(5))
        #expect(breaker.state(now: at(5)) == .halfOpen)
        guard case .allowed(let probe) = breaker.admit(now: at(5)) else { throw Unexpected() }
        #expect(refusal(&breaker, at: 5) == at(65))
        #expect(breaker.state(now: at(6)) == .halfOpen)
        let closes = breaker.record(.success, of: probe, now: at(6))
        #expect(closes)
        #expect(breaker.state(now: at(6)) == .closed)
        for _ in 0..<19 { call(&breaker, .failure, at: 6) }
        #expect(breaker.state(now: at(6)) == .closed, "what was before is forgotten")
    }

    @Test func `a probe that fails opens for five seconds more`() throws {
        var breaker = opened(at: 0)
        guard case .allowed(let probe) = breaker.admit(now: at(7)) else { throw Unexpected() }
        breaker.record(.failure, of: probe, now: at(8))
        #expect(refusal(&breaker, at: 12.9) == at(13))
        let passed = call(&breaker, .success, at: 13)
        #expect(passed)
        #expect(breaker.state(now: at(13)) == .closed)
    }

    @Test func `a probe that says nothing makes room for the next one`() throws {
        var breaker = opened(at: 0)
        guard case .allowed(let probe) = breaker.admit(now: at(5)) else { throw Unexpected() }
        breaker.record(.abandoned, of: probe, now: at(6))
        let passed = call(&breaker, .success, at: 6)
        #expect(passed)
        #expect(breaker.state(now: at(6)) == .closed)
    }

    @Test func `a probe that never reports is replaced after its time`() throws {
        var breaker = opened(at: 0)
        guard case .allowed(let lost) = breaker.admit(now: at(5)) else { throw Unexpected() }
        #expect(refusal(&breaker, at: 64.9) == at(65))
        guard case .allowed(let probe) = breaker.admit(now: at(65)) else { throw Unexpected() }
        let counts = breaker.record(.success, of: lost, now: at(66))
        #expect(!counts, "its result comes too late")
        #expect(breaker.state(now: at(66)) == .halfOpen)
        breaker.record(.success, of: probe, now: at(67))
        #expect(breaker.state(now: at(67)) == .closed)
    }

    @Test func `calls that began before the outage was noticed change nothing later`() throws {
        var breaker = CircuitBreaker()
        var early: [CircuitBreaker.Ticket] = []
        for _ in 0..<40 {
            guard case .allowed(let ticket) = breaker.admit(now: at(0)) else { throw Unexpected() }
            early.append(ticket)
        }
        for ticket in early.prefix(20) { breaker.record(.failure, of: ticket, now: at(1)) }
        #expect(breaker.state(now: at(1)) == .open)
        for ticket in early.suffix(20) {
            let counts = breaker.record(.success, of: ticket, now: at(7))
            #expect(!counts)
        }
        #expect(breaker.state(now: at(7)) == .halfOpen)
    }

    @Test func `abandoned calls are not counted`() {
        var breaker = CircuitBreaker()
        for _ in 0..<100 { call(&breaker, .abandoned, at: 0) }
        for _ in 0..<19 { call(&breaker, .failure, at: 0) }
        #expect(breaker.state(now: at(0)) == .closed)
    }

    @Test func `an outage of a minute costs twenty calls and a probe every five seconds, and ends within ten`() {
        var breaker = CircuitBreaker()
        var duringOutage = 0
        var recoveredAt: Double?
        for tick in 0..<8_000 {  // a call every ten milliseconds
            let now = Double(tick) * 0.01
            let isDown = (10..<70).contains(now)
            guard call(&breaker, isDown ? .failure : .success, at: now) else { continue }
            if isDown { duringOutage += 1 }
            if now >= 70, recoveredAt == nil { recoveredAt = now }
        }
        // Up to ten seconds of good calls are in the window first: as many bad ones make half of it.
        #expect(duringOutage <= 500 + 60 / 5 + 1)
        #expect(recoveredAt.map { $0 <= 75.01 } == true)
        #expect(breaker.state(now: at(80)) == .closed)
    }

    @Test func `time that steps back does no harm`() {
        var breaker = CircuitBreaker()
        for step in 0..<20 { call(&breaker, .failure, at: -Double(step)) }
        #expect(breaker.state(now: at(-19)) == .open)
    }

    @Test func `the gauge is 0, 1, 2`() {
        #expect([CircuitBreaker.State.closed, .halfOpen, .open].map(\.rawValue) == [0, 1, 2])
    }

    private struct Unexpected: Error {}
}
