import Randomness
import Testing

@testable import Gateway

@Suite struct DrainPlanTests {
    private func plan(_ count: Int, over window: Duration, seed: UInt64 = 1) -> DrainPlan<Int> {
        var random = SeededRandom(seed: seed)
        return DrainPlan(Array(0..<count), over: window, using: &random)
    }

    @Test func `everybody is closed once`() {
        var plan = self.plan(1_000, over: .seconds(30))
        var closed: [Int] = []
        for second in 0...30 { closed += plan.take(elapsed: .seconds(second)) }
        #expect(plan.isDone)
        #expect(closed.sorted() == Array(0..<1_000))
    }

    @Test func `every tenth of the window has a tenth of the members`() {
        var plan = self.plan(1_000, over: .seconds(10))
        for tenth in 1...10 { #expect(plan.take(elapsed: .seconds(tenth)).count == 100) }
    }

    @Test func `the order is random, and the same for the same seed`() {
        #expect(self.plan(100, over: .seconds(1), seed: 7).order == self.plan(100, over: .seconds(1), seed: 7).order)
        #expect(self.plan(100, over: .seconds(1), seed: 7).order != self.plan(100, over: .seconds(1), seed: 8).order)
        #expect(self.plan(100, over: .seconds(1)).order != Array(0..<100))
    }

    @Test func `it says when there is something to do`() {
        var plan = self.plan(2, over: .seconds(8))
        #expect(plan.nextDue == .seconds(2))
        #expect(plan.take(elapsed: .seconds(1)).isEmpty)
        #expect(plan.take(elapsed: .seconds(2)).count == 1)
        #expect(plan.nextDue == .seconds(6))
        #expect(plan.take(elapsed: .seconds(60)).count == 1)
        #expect(plan.nextDue == nil)
    }

    @Test func `without a window all are due at once`() {
        var plan = self.plan(50, over: .zero)
        #expect(plan.take(elapsed: .zero).count == 50)
    }

    @Test func `nobody is a plan that is done`() {
        var plan = self.plan(0, over: .seconds(30))
        #expect(plan.isDone && plan.nextDue == nil && plan.takeAll().isEmpty)
    }

    @Test func `what is left can be taken at any time`() {
        var plan = self.plan(10, over: .seconds(10))
        let first = plan.take(elapsed: .seconds(4))
        let rest = plan.takeAll()
        #expect((first + rest).sorted() == Array(0..<10))
        #expect(plan.isDone)
    }
}
