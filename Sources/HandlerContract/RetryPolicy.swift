/// When a failed call is tried again: growing pauses with full jitter, until attempts or age run out.
package struct RetryPolicy: Hashable, Sendable {
    package var maxAttempts: Int
    package var maxAge: Duration

    package init(maxAttempts: Int = 16, maxAge: Duration = .seconds(24 * 3_600)) {
        self.maxAttempts = maxAttempts
        self.maxAge = maxAge
    }

    package enum Next: Hashable, Sendable {
        case retry(after: Duration)
        case giveUp(Exhaustion)
    }

    /// What ran out.
    package enum Exhaustion: Hashable, Sendable { case attempts, age }

    /// What to do after attempt number `attempt` (1, 2, …) has failed.
    ///
    /// - Parameters:
    ///   - age: since the event was accepted.
    ///   - retryAfter: what the handler asked for, see ``RetryAfter``; the pause is never shorter.
    ///   - random: uniform in 0 ..< 1; the pause is that part of the ceiling.
    package func next(afterAttempt attempt: Int, age: Duration, retryAfter: Duration? = nil, random: Double) -> Next {
        guard attempt < maxAttempts else { return .giveUp(.attempts) }
        let pause = Self.pause(afterAttempt: attempt, retryAfter: retryAfter, random: random)
        guard age + pause < maxAge else { return .giveUp(.age) }
        return .retry(after: pause)
    }

    /// The ceilings of the pauses after attempts 1, 2, …; the last one repeats.
    package static let ceilings: [Duration] = [
        .milliseconds(500), .seconds(1), .seconds(2), .seconds(4), .seconds(8), .seconds(15), .seconds(30),
        .seconds(60),
    ]

    /// The pause after attempt number `attempt`, not asking whether there is to be another one.
    package static func pause(afterAttempt attempt: Int, retryAfter: Duration? = nil, random: Double) -> Duration {
        let ceiling = ceilings[min(max(attempt, 1), ceilings.count) - 1]
        // A NaN compares false with everything and counts as no pause.
        let fraction = random > 0 ? min(random, 1) : 0
        let jittered = ceiling * fraction
        guard let retryAfter else { return jittered }
        return max(jittered, min(retryAfter, RetryAfter.longest))
    }
}
