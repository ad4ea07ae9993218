/// When to fetch an issuer's key set, and how long the last one may be used.
///
/// Decides, never acts: the caller fetches when it is told to, and reports how that went.
package struct KeySetCache: Sendable {
    package typealias Instant = ContinuousClock.Instant

    package struct Limits: Hashable, Sendable {
        /// From one fetch to the next while all goes well.
        package var refreshInterval: Duration = .seconds(600)
        /// From the start of one fetch to the start of the next, whatever the reason.
        ///
        /// Tokens that name invented keys must not turn into load on the issuer.
        package var minimumInterval: Duration = .seconds(30)
        /// How old a set may become while fetches fail.
        ///
        /// Longer than most outages of an issuer, and the time that a key which was withdrawn stays good at most.
        package var maximumAge: Duration = .seconds(3600)
        /// After which a fetch that nobody reported on counts as failed.
        package var fetchTimeout: Duration = .seconds(30)

        package init() {}
    }

    package enum TickResult: Hashable, Sendable {
        /// Fetch now, then report with ``KeySetCache/fetched(_:now:)`` or ``KeySetCache/failed(now:)``.
        case fetch
        case wait(until: Instant)
    }

    package enum MissResult: Hashable, Sendable {
        /// Fetch now and report, then try the token again.
        case fetch
        /// A fetch is under way: try the token again when it is over.
        case waitForFetch
        /// The set is as new as it may be: the token is not good.
        case refuse
    }

    private let limits: Limits
    private var current: KeySet?
    private var fetchedAt: Instant?
    private var lastStart: Instant?
    private var isFetching = false

    package init(limits: Limits = Limits()) {
        self.limits = limits
    }

    /// The keys that may be used; nil before the first fetch, and when the last good one is too long ago.
    package func keys(now: Instant) -> KeySet? {
        guard let fetchedAt, now < fetchedAt.advanced(by: limits.maximumAge) else { return nil }
        return current
    }

    /// The instant given by the last ``TickResult/wait(until:)`` has passed, or may have.
    ///
    /// Also to be called at the start.
    package mutating func tick(now: Instant) -> TickResult {
        let due = nextFetch(now: now)
        guard due <= now else { return .wait(until: due) }
        start(now: now)
        return .fetch
    }

    /// A token was not accepted for ``TokenError/unknownKey``, or because ``keys(now:)`` gave none.
    package mutating func missed(now: Instant) -> MissResult {
        if isFetching, let lastStart, now < lastStart.advanced(by: limits.fetchTimeout) { return .waitForFetch }
        if let lastStart, now < lastStart.advanced(by: limits.minimumInterval) { return .refuse }
        start(now: now)
        return .fetch
    }

    package mutating func fetched(_ keys: KeySet, now: Instant) {
        current = keys
        fetchedAt = now
        isFetching = false
    }

    /// The fetch failed, or what came was no key set; the keys that there are stay.
    package mutating func failed(now: Instant) {
        isFetching = false
    }

    private mutating func start(now: Instant) {
        lastStart = now
        isFetching = true
    }

    private func nextFetch(now: Instant) -> Instant {
        guard let lastStart else { return now }
        if isFetching { return lastStart.advanced(by: max(limits.fetchTimeout, limits.minimumInterval)) }
        let earliest = lastStart.advanced(by: limits.minimumInterval)
        // A failed fetch started after the last good one ended.
        guard let fetchedAt, fetchedAt >= lastStart else { return earliest }
        return max(earliest, fetchedAt.advanced(by: limits.refreshInterval))
    }
}
