import Bus

/// Keeps the logs of all namespaces within their age and, together, within their share of the memory.
///
/// A log is pruned whenever something is added to it; one that nobody publishes to would be kept for ever. What is dropped
/// is dropped everywhere by age, whoever published it, and clients whose offset lies before it are told that they have
/// not got everything.
final class LogKeeper: Sendable {
    /// How often logs are looked through for what is too old: small beside any sensible `history.maxAge`.
    private static let interval: Duration = .seconds(1)
    /// The share of `limits.memoryBudget` that all logs may have, in percent.
    ///
    /// Sessions, queues and buffers need the rest: load is shed from 85 % on. One namespace with the default `history.maxBytes`
    /// of 64 MiB fits into the share of a process that has 256 MiB.
    static let share = 25
    /// Below the limit by this part of it when entries are dropped, so that it is not reached again by the next event.
    private static let slack = 10
    /// In one round entries are dropped from this part of the logs, those that go back longest.
    private static let part = 8

    private let namespaces: NamespaceRegistry

    init(_ namespaces: NamespaceRegistry) { self.namespaces = namespaces }

    /// What all logs hold, in bytes.
    var bytes: Int { self.namespaces.logs.total.bytes }

    /// Drops what has been logged longer ago than `history.maxAge`.
    func prune(now: ContinuousClock.Instant) {
        guard let maxAge = self.namespaces.logs.limits?.maxAge else { return }
        for namespace in self.namespaces.logged { namespace.dropLogged(before: now - maxAge) }
    }

    /// Keeps all logs within their share of a budget.
    func keep(budget: Int) {
        let limit = budget / 100 * Self.share
        guard self.bytes > limit else { return }
        self.trim(to: limit - limit / Self.slack)
    }

    /// Drops the oldest entries of all logs until they hold no more than so many bytes.
    ///
    /// Returns how many bytes it was.
    @discardableResult
    func trim(to target: Int) -> Int {
        let before = self.bytes
        while self.bytes > target, self.trimOnce(to: target) {}
        return max(0, before - self.bytes)
    }

    /// One round: returns `false` when there was nothing to drop.
    private func trimOnce(to target: Int) -> Bool {
        var logs = self.namespaces.logged.compactMap { log in log.oldestLogged.map { (log: log, oldest: $0) } }
        logs.sort { $0.oldest < $1.oldest }
        let count = (logs.count + Self.part - 1) / Self.part
        // What is older than anything in the logs that are left alone; of each of the others one entry at least.
        let time = count < logs.count ? logs[count].oldest : .now + .seconds(1)
        var dropped = 0
        for (log, _) in logs[..<count] {
            let surplus = self.bytes - target
            guard surplus > 0 else { break }
            dropped += log.dropSomeLogged(before: time + .nanoseconds(1), bytes: surplus)
        }
        return dropped > 0
    }

    /// Prunes until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.interval)
            self.prune(now: .now)
        }
    }
}
