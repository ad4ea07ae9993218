import Testing

@testable import Gateway

@Suite struct MessageBudgetTests {
    private let start = ContinuousClock.now

    @Test func `a burst of ten seconds' worth passes, then there is a pause`() {
        var budget = MessageBudget(perSecond: 100, now: self.start)
        for _ in 0..<1_000 { #expect(budget.take { self.start } == .allowed) }
        #expect(budget.take { self.start } == .pause)
    }

    @Test func `whoever keeps to the rate is never held up`() {
        var budget = MessageBudget(perSecond: 100, now: self.start)
        for number in 0..<100_000 {
            let now = self.start + .milliseconds(10 * number)
            #expect(budget.take { now } == .allowed)
        }
    }

    @Test func `a client that never slows down is closed after ten seconds of pauses`() {
        var budget = MessageBudget(perSecond: 100, now: self.start)
        var now = self.start
        var taken = 0
        while true {
            let verdict = budget.take { now }
            if verdict == .close { break }
            taken += 1
            if verdict == .pause { now += MessageBudget.pause }
        }
        let seconds = self.start.duration(to: now) / .seconds(1)
        #expect((10...10.5).contains(seconds))
        // The burst, and what the rate allows meanwhile, with one message more for each pause.
        #expect((2_000...2_200).contains(taken))
    }

    @Test func `a burst now and then is forgiven`() {
        var budget = MessageBudget(perSecond: 100, now: self.start)
        var now = self.start
        for _ in 0..<20 {
            for _ in 0..<1_100 {
                switch budget.take(now: { now }) {
                case .allowed: break
                case .pause: now += MessageBudget.pause
                case .close: Issue.record("closed")
                }
            }
            now += .seconds(20)
        }
    }

    @Test func `a clock that stands still or a tiny rate does no harm`() {
        var budget = MessageBudget(perSecond: 0, now: self.start)
        var verdicts: Set<MessageBudget.Verdict> = []
        for _ in 0..<100 { verdicts.insert(budget.take { self.start }) }
        #expect(verdicts == [.allowed, .pause])
    }
}
