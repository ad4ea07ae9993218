import Testing

@testable import Gateway

@Suite struct TurnBudgetTests {
    private let start = ContinuousClock.now

    @Test func `a turn ends when its time is over, however much or little was delivered in it`() {
        let turns: [(Int, Duration)] = [
            (1, .microseconds(1)), (1_000, .microseconds(100)), (100_000, .milliseconds(9)),
        ]
        for (receivers, cost) in turns {
            var (budget, now) = (TurnBudget(), self.start)
            while !budget.isSpent {
                now += cost
                budget.spend(receivers: receivers) { now }
            }
            let time = self.start.duration(to: now)
            #expect(time >= TurnBudget.time)
            // The first grain is not counted, nor what comes between two looks at the clock.
            let grain = cost * (TurnBudget.grain / (TurnBudget.item + receivers) + 1)
            #expect(time <= TurnBudget.time + grain * 2)
        }
    }

    @Test func `the clock is read once a grain, not once an item`() {
        var budget = TurnBudget()
        var looks = 0
        for _ in 0..<10_000 {
            budget.spend(receivers: 1) {
                looks += 1
                return self.start
            }
        }
        #expect(looks == 10_000 * (TurnBudget.item + 1) / (TurnBudget.grain + TurnBudget.item))
        #expect(!budget.isSpent)
    }

    @Test func `a new turn has its whole time`() {
        var (budget, now) = (TurnBudget(), self.start)
        while !budget.isSpent {
            now += .milliseconds(1)
            budget.spend(receivers: 2_000) { now }
        }
        budget.renew()
        budget.spend(receivers: 2_000) { now }
        budget.spend(receivers: 2_000) { now + .milliseconds(1) }
        #expect(!budget.isSpent)
    }
}
