/// Limits how often something happens: each time takes tokens from a bucket that fills steadily.
///
/// It keeps one instant, so a bucket costs 16 bytes; the rate is common to many buckets and comes as an argument.
package struct TokenBucket: Hashable, Sendable {
    package typealias Instant = ContinuousClock.Instant

    package enum TakeResult: Hashable, Sendable {
        case taken
        /// There will be enough tokens at that instant, provided nobody takes any before.
        case refused(retryAt: Instant)
        /// More than the bucket ever holds.
        case neverPossible
    }

    /// How far below empty ``charge(_:rate:now:)`` can bring a bucket.
    package static let debtLimit: Duration = .seconds(3600)

    /// When the bucket is full, if nobody takes anything.
    package private(set) var fullAt: Instant

    /// A full bucket.
    package init(now: Instant) {
        fullAt = now
    }

    package func isFull(now: Instant) -> Bool {
        fullAt <= now
    }

    /// Takes all of `count` tokens, or none.
    package mutating func take(_ count: Int = 1, rate: TokenRate, now: Instant) -> TakeResult {
        guard count > 0 else { return .taken }
        guard count <= rate.burst else { return .neverPossible }
        let next = max(fullAt, now).advanced(by: rate.interval * count)
        let allowedAt = next.advanced(by: .zero - rate.span)
        guard allowedAt <= now else { return .refused(retryAt: allowedAt) }
        fullAt = next
        return .taken
    }

    /// Takes the tokens even if there are not so many, for what has happened already.
    ///
    /// - Returns: when the bucket is no longer below empty; nil when it is not now.
    package mutating func charge(_ count: Int, rate: TokenRate, now: Instant) -> Instant? {
        let count = min(max(count, 0), 1_000_000_000_000)
        let next = max(fullAt, now).advanced(by: rate.interval * count)
        fullAt = min(next, now.advanced(by: rate.span + Self.debtLimit))
        let solventAt = fullAt.advanced(by: .zero - rate.span)
        return solventAt > now ? solventAt : nil
    }
}
