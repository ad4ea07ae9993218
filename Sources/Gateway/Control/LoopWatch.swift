/// Whether one event loop still answers, seen from outside: it is asked, and until it answers it may be stuck.
struct LoopWatch: Hashable, Sendable {
    typealias Instant = ContinuousClock.Instant

    /// From here on a loop that does not answer is worth a line: its clients wait that long, too.
    static let stall: Duration = .milliseconds(500)
    /// A loop that has not answered for so long will not do so soon: the service manager is to end the process.
    static let stuck: Duration = .seconds(5)

    enum Decision: Hashable, Sendable {
        /// Ask the loop; call ``answered(now:)`` when it does.
        case ask
        /// It is being asked, and may take its time.
        case wait
        /// It has not answered for so long, which is worth a line.
        case stalled(Duration)
    }

    private var askedAt: Instant?
    private var isStalled = false

    mutating func tick(now: Instant) -> Decision {
        guard let askedAt else {
            self.askedAt = now
            return .ask
        }
        let silence = askedAt.duration(to: now)
        guard silence >= Self.stall, !self.isStalled else { return .wait }
        self.isStalled = true
        return .stalled(silence)
    }

    /// Returns how long the stall was that has ended with this; `nil`: there was none.
    mutating func answered(now: Instant) -> Duration? {
        defer {
            self.askedAt = nil
            self.isStalled = false
        }
        guard let askedAt else { return nil }
        let silence = askedAt.duration(to: now)
        return silence >= Self.stall ? silence : nil
    }

    /// How long it has been asked without an answer.
    func silence(now: Instant) -> Duration { self.askedAt.map { $0.duration(to: now) } ?? .zero }

    func isStuck(now: Instant) -> Bool { self.silence(now: now) >= Self.stuck }
}
