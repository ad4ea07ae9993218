/// How long a socket may stay, and when somebody is asked to extend that.
///
/// Decides, never acts. Whoever extends it makes a new one.
struct AuthorizationTerm: Hashable, Sendable {
    typealias Instant = ContinuousClock.Instant

    enum TickResult: Hashable, Sendable {
        case wait(Duration)
        /// Ask now, then tick again: so much is left.
        case ask(left: Duration)
        /// It is over.
        case end
    }

    let end: Instant
    private var askAt: Instant?

    /// - Parameters:
    ///   - left: until the end.
    ///   - lead: how long before the end somebody is asked; when less than twice that is left, halfway.
    init(now: Instant, left: Duration, lead: Duration) {
        let left = max(left, .zero)
        self.end = now + left
        self.askAt = self.end - min(lead, left / 2)
    }

    /// The wait of the last result is over, or may be.
    mutating func tick(now: Instant) -> TickResult {
        guard now < self.end else { return .end }
        if let askAt = self.askAt {
            guard now >= askAt else { return .wait(now.duration(to: askAt)) }
            self.askAt = nil
            return .ask(left: now.duration(to: self.end))
        }
        return .wait(now.duration(to: self.end))
    }
}

/// Until when a socket may stay: by the wall clock, or from now on.
enum AuthorizationEnd: Hashable, Sendable {
    /// Seconds since 1970.
    case at(Int)
    case after(Duration)

    /// Of a `refresh`, which names one of the two.
    init?(expiresAt: Int?, ttlSeconds: Double?) {
        if let expiresAt {
            self = .at(expiresAt)
        } else if let ttlSeconds {
            self = .after(.milliseconds(Int64(min(max(ttlSeconds, 0), 1e9) * 1_000)))
        } else {
            return nil
        }
    }

    /// A century is as good as for ever, and can be counted.
    private static let longest: Int64 = 100 * 365 * 86_400

    /// What is left.
    ///
    /// - Parameter nowMilliseconds: since 1970.
    func left(nowMilliseconds: Int64) -> Duration {
        switch self {
        case .after(let duration):
            return min(max(duration, .zero), .seconds(Self.longest))
        case .at(let seconds):
            let seconds = min(max(Int64(seconds), 0), nowMilliseconds / 1_000 + Self.longest)
            return .milliseconds(max(seconds * 1_000 - nowMilliseconds, 0))
        }
    }
}
