/// Lets one report of each kind through per interval and counts the others, so that an outage is a line now and then.
struct FailureLog: Sendable {
    private struct Entry {
        var silentUntil: ContinuousClock.Instant
        var suppressed = 0
    }

    private let interval: Duration
    /// By kind, of which there are few: the labels of outcomes.
    private var entries: [String: Entry] = [:]

    init(interval: Duration = .seconds(10)) {
        self.interval = interval
    }

    /// Something of this kind has happened: how many were kept back since the last report, or nil when this one is too.
    mutating func report(_ kind: String, now: ContinuousClock.Instant) -> Int? {
        if var entry = entries[kind], now < entry.silentUntil {
            entry.suppressed += 1
            entries[kind] = entry
            return nil
        }
        let suppressed = entries[kind]?.suppressed ?? 0
        entries[kind] = Entry(silentUntil: now + interval)
        return suppressed
    }
}
