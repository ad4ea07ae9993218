/// Stops calling a handler that mostly fails, and finds out with single probes when it is well again.
///
/// Closed: calls pass. When at least `failureRatio` of at least `minimumCalls` calls within `window` failed it opens for
/// `openFor`; then exactly one probe is let through, and its result closes the breaker or opens it again. The window is
/// counted in tenths, so a call leaves it up to a tenth early and memory stays the same at any rate.
package struct CircuitBreaker: Sendable {
    package struct Limits: Hashable, Sendable {
        package var window: Duration
        package var minimumCalls: Int
        package var failureRatio: Double
        package var openFor: Duration
        /// A probe that has not reported by then is counted as lost and another one may go.
        package var probeTimeout: Duration

        package init(
            window: Duration = .seconds(10), minimumCalls: Int = 20, failureRatio: Double = 0.5,
            openFor: Duration = .seconds(5), probeTimeout: Duration = .seconds(60)
        ) {
            self.window = window
            self.minimumCalls = minimumCalls
            self.failureRatio = failureRatio
            self.openFor = openFor
            self.probeTimeout = probeTimeout
        }
    }

    /// What an operator sees; the raw value is the gauge.
    package enum State: Int, Sendable { case closed = 0, halfOpen = 1, open = 2 }

    /// Permission for one call; its result is reported with it.
    package struct Ticket: Hashable, Sendable {
        fileprivate let generation: UInt64
    }

    package enum Admission: Hashable, Sendable {
        case allowed(Ticket)
        /// Do not call. Asking again before `until` gets the same answer, unless a probe succeeds earlier.
        case refused(until: ContinuousClock.Instant)
    }

    package enum Result: Hashable, Sendable {
        case success
        case failure
        /// The call ended without saying anything about the handler: cancelled by us, for instance.
        case abandoned
    }

    private enum Phase {
        case closed
        case open(until: ContinuousClock.Instant)
        case probing(until: ContinuousClock.Instant)
    }

    private let limits: Limits
    private var phase = Phase.closed
    private var window: CallWindow
    /// Grows with every change of phase: results of calls that began in an earlier phase are not counted.
    private var generation: UInt64 = 0

    package init(limits: Limits = Limits()) {
        self.limits = limits
        window = CallWindow(length: limits.window)
    }

    package func state(now: ContinuousClock.Instant) -> State {
        switch phase {
        case .closed: .closed
        case .open(let until): now < until ? .open : .halfOpen
        case .probing: .halfOpen
        }
    }

    /// A call is about to be made.
    package mutating func admit(now: ContinuousClock.Instant) -> Admission {
        switch phase {
        case .closed:
            return .allowed(Ticket(generation: generation))
        case .open(let until), .probing(let until):
            guard now >= until else { return .refused(until: until) }
            enter(.probing(until: now + limits.probeTimeout))
            return .allowed(Ticket(generation: generation))
        }
    }

    /// A call that was allowed has ended.
    ///
    /// True when this changed the state.
    @discardableResult
    package mutating func record(_ result: Result, of ticket: Ticket, now: ContinuousClock.Instant) -> Bool {
        guard ticket.generation == generation else { return false }
        switch (phase, result) {
        case (.closed, .abandoned), (.open, _):
            return false
        case (.closed, let result):
            window.add(failed: result == .failure, now: now)
            let (calls, failures) = window.totals(now: now)
            guard calls >= limits.minimumCalls, Double(failures) >= Double(calls) * limits.failureRatio else {
                return false
            }
            enter(.open(until: now + limits.openFor))
        case (.probing, .success):
            enter(.closed)
        case (.probing, .failure):
            enter(.open(until: now + limits.openFor))
        case (.probing, .abandoned):
            // Nothing was learned: the next call is the probe.
            enter(.open(until: now))
        }
        return true
    }

    private mutating func enter(_ next: Phase) {
        phase = next
        generation &+= 1
        window.clear()
    }
}
