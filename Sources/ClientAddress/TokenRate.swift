/// How fast a ``TokenBucket`` fills, and how much it holds.
package struct TokenRate: Hashable, Sendable {
    /// The time in which one token comes.
    let interval: Duration
    /// Tokens in a full bucket.
    package let burst: Int
    /// The time in which an empty bucket fills.
    let span: Duration

    /// Both are clamped to what can be counted without overflow: 0.001 to 10⁹ tokens a second, 1 to 10¹² at once.
    package init(perSecond: Double, burst: Int) {
        let perSecond = perSecond.isNaN ? 1 : min(max(perSecond, 0.001), 1e9)
        interval = .nanoseconds(max(1, Int64((1e9 / perSecond).rounded())))
        self.burst = min(max(burst, 1), 1_000_000_000_000)
        span = interval * self.burst
    }
}
