import Testing

@testable import HandlerContract

@Suite struct RetryPolicyTests {
    @Test(
        arguments: [
            (1, 0.5), (2, 1), (3, 2), (4, 4), (5, 8), (6, 15), (7, 30), (8, 60), (9, 60), (.max, 60), (0, 0.5),
            (.min, 0.5),
        ] as [(Int, Double)])
    func `the pause grows to a minute and is spread over all of it`(attempt: Int, ceiling: Double) {
        #expect(RetryPolicy.pause(afterAttempt: attempt, random: 0) == .zero)
        #expect(RetryPolicy.pause(afterAttempt: attempt, random: 0.5) == .seconds(ceiling / 2))
        #expect(RetryPolicy.pause(afterAttempt: attempt, random: 1) == .seconds(ceiling))
    }

    @Test(arguments: [Double.nan, -.infinity, -1, 2, .infinity])
    func `a random number out of range stays within the ceiling`(random: Double) {
        #expect((.zero...(.milliseconds(500))).contains(RetryPolicy.pause(afterAttempt: 1, random: random)))
    }

    @Test func `what the handler asks for is the least, and an hour the most`() {
        #expect(RetryPolicy.pause(afterAttempt: 1, retryAfter: .seconds(9), random: 1) == .seconds(9))
        #expect(RetryPolicy.pause(afterAttempt: 8, retryAfter: .seconds(9), random: 1) == .seconds(60))
        #expect(RetryPolicy.pause(afterAttempt: 1, retryAfter: .seconds(99_999), random: 1) == .seconds(3_600))
    }

    @Test func `sixteen attempts or a day, then it is given up`() {
        let policy = RetryPolicy()
        #expect(policy.next(afterAttempt: 15, age: .seconds(60), random: 1) == .retry(after: .seconds(60)))
        #expect(policy.next(afterAttempt: 16, age: .seconds(60), random: 1) == .giveUp(.attempts))
        #expect(policy.next(afterAttempt: 2, age: .seconds(86_399), random: 1) == .giveUp(.age))
        #expect(policy.next(afterAttempt: 2, age: .seconds(86_398), random: 1) == .retry(after: .seconds(1)))
        #expect(
            policy.next(afterAttempt: 1, age: .seconds(86_000), retryAfter: .seconds(900), random: 0) == .giveUp(.age))
    }
}
