/// How much of what the bus brings is applied before the loop looks at its sockets again.
///
/// Time counts, because only that says what a delivery costs here and now; but the clock is read once in a while only.
struct TurnBudget {
    /// A peer that asks for something meanwhile waits as long, and for the writes of such a turn.
    static let time: Duration = .milliseconds(10)
    /// The clock is read after so much work.
    static let grain = 1_024
    /// What an item costs besides its deliveries, in deliveries.
    static let item = 16

    private var work = 0
    private var since: ContinuousClock.Instant?
    private(set) var isSpent = false

    init() {}

    /// An item was applied that had so many receivers.
    mutating func spend(receivers: Int, now: () -> ContinuousClock.Instant) {
        self.work += Self.item + receivers
        guard self.work >= Self.grain else { return }
        self.work = 0
        let now = now()
        // Work of less than a grain came before the first look: too little to count.
        guard let since else { return self.since = now }
        if since.duration(to: now) >= Self.time { self.isSpent = true }
    }

    /// Sockets have been looked at.
    mutating func renew() { self = TurnBudget() }
}
