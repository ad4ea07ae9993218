/// How many messages a client may send: `limits.messagesPerSocket`, with a burst of ten seconds' worth.
///
/// A message within the budget costs one subtraction; the clock is read only when the budget is used up.
struct MessageBudget {
    enum Verdict: Hashable {
        case allowed
        /// Take this message, and no more for a moment.
        case pause
        /// The client has been over its rate for too long.
        case close
    }

    /// How long a client that is over its rate is not read.
    static let pause: Duration = .milliseconds(100)
    /// How long it may stay over it: then it is not a burst any more.
    static let patience: Duration = .seconds(10)

    private let perSecond: Double
    private var left: Int
    private var refilled: ContinuousClock.Instant
    private var overSince: ContinuousClock.Instant?
    private var lastPause: ContinuousClock.Instant?

    init(perSecond: Double, now: ContinuousClock.Instant) {
        self.perSecond = max(perSecond, 0.001)
        self.left = Self.burst(perSecond)
        self.refilled = now
    }

    private static func burst(_ perSecond: Double) -> Int { Int(min(max(perSecond * 10, 10), 1e9)) }

    /// A message has come.
    mutating func take(now: () -> ContinuousClock.Instant) -> Verdict {
        if self.left > 0 {
            self.left -= 1
            return .allowed
        }
        let now = now()
        let earned = self.refilled.duration(to: now) / .seconds(1) * self.perSecond
        if earned >= 1 {
            let whole = min(Int(min(earned, 1e9)), Self.burst(self.perSecond))
            self.left = whole - 1
            // What is less than a whole message is kept for the next time.
            self.refilled = self.refilled + .seconds(Double(Int(min(earned, 1e9))) / self.perSecond)
            return .allowed
        }
        // A second without a pause was a second within the rate.
        if let last = self.lastPause, last.duration(to: now) > .seconds(1) { self.overSince = nil }
        let since = self.overSince ?? now
        self.overSince = since
        self.lastPause = now
        return since.duration(to: now) > Self.patience ? .close : .pause
    }
}
