import Configuration

/// When each phase of a drain ends, so that all of them together end before the hard stop.
struct DrainTimetable: Hashable, Sendable {
    /// How the process was asked to go.
    enum Urgency: Int, Comparable, Sendable {
        /// With delay and window.
        case paced
        /// All clients at once, then what has to be finished.
        case quick
        /// No more waiting for clients: only what has to be finished.
        case flush

        static func < (left: Urgency, right: Urgency) -> Bool { left.rawValue < right.rawValue }
    }

    /// The most that is kept for finishing what is in flight; a quarter of the hard stop when that is less.
    static let longestFlush: Duration = .seconds(10)

    /// From the beginning of the drain.
    let delay: Duration
    let window: Duration
    /// How long the last steps may take.
    let flush: Duration
    let hardStop: Duration

    /// Delay and window shrink, in proportion, when they do not fit before the hard stop.
    init(_ options: GatewayConfiguration.Drain, urgency: Urgency) {
        self.hardStop = options.hardStop
        self.flush = min(Self.longestFlush, options.hardStop / 4)
        guard urgency == .paced else {
            self.delay = .zero
            self.window = .zero
            return
        }
        let available = self.hardStop - self.flush
        let wanted = options.delay + options.window
        guard wanted > available, wanted > .zero else {
            self.delay = options.delay
            self.window = options.window
            return
        }
        let share = available / wanted
        self.delay = options.delay * share
        self.window = options.window * share
    }
}
