/// Liveness by pings and pongs: one side pings, and the other must answer in time.
///
/// Engine.IO protocol 4, "Heartbeat"; protocol 3, "Timeouts".
///
/// Decides, never acts. Where the server drives, a ping is due every interval, counted from when the last one was due;
/// the pong must come before the timeout has passed since then. Where the client drives, as in protocol 3, its next ping
/// must come within interval and timeout after the last one. Other packets say nothing about it.
package struct Heartbeat: ~Copyable {
    package typealias Instant = ContinuousClock.Instant

    /// Who pings.
    package enum Driver: UInt8, Hashable, Sendable { case server, client }

    package enum TickResult: Hashable {
        /// Send a ping, then ask again.
        case sendPing
        case wait(until: Instant)
        case close
    }

    package enum PongResult: Hashable {
        case answered
        /// Nobody asked for it. The protocol says nothing; it is ignored.
        case unasked
        /// More than ``strayLimit`` packets since the last ping that nobody asked for.
        case flood
    }

    /// Unasked pongs and noops, and pings of a client that drives, that may come in an interval.
    ///
    /// Honest clients send one or two at a switch of transports; above a hundred it is an attack on our time.
    package static let strayLimit: UInt8 = 100

    private let interval: Duration
    private let timeout: Duration
    private let driver: Driver
    /// When the next ping is due; while one is unanswered, when the client has failed.
    private var deadline: Instant
    private var isAwaitingPong = false
    private var strays: UInt8 = 0

    package init(interval: Duration, timeout: Duration, driver: Driver = .server, now: Instant) {
        self.interval = interval
        self.timeout = timeout
        self.driver = driver
        deadline = driver == .server ? now + interval : now + interval + timeout
    }

    /// When to call ``tick(now:)`` next.
    package var nextDeadline: Instant { deadline }

    /// The client has failed to answer, whether or not a timer has come round to say so.
    ///
    /// Where the client drives, only the timer says so: its ping may have been waiting for us to wake up.
    package func isExpired(now: Instant) -> Bool {
        isAwaitingPong && now >= deadline
    }

    /// The instant given by the last ``TickResult/wait(until:)`` has passed, or may have.
    package mutating func tick(now: Instant) -> TickResult {
        guard now >= deadline else { return .wait(until: deadline) }
        // Exactly interval + timeout after the last ping was due, even if timers run a little late. Only when we
        // ourselves slept through a good part of the timeout does the client get all of it from now on: a pause of
        // this process must not look like the death of everyone else.
        let hasSlept = deadline.duration(to: now) > timeout / 2
        if driver == .client {
            guard hasSlept else { return .close }
            deadline = now + timeout
            return .wait(until: deadline)
        }
        if isAwaitingPong { return .close }
        deadline = (hasSlept ? now : deadline) + timeout
        isAwaitingPong = true
        strays = 0
        return .sendPing
    }

    /// The client could not be heard, because we did not read: what is awaited may take the full timeout again.
    package mutating func excuse(now: Instant) {
        guard isAwaitingPong || driver == .client else { return }
        deadline = max(deadline, now + timeout)
    }

    /// A ping of a client that drives; false when there have been too many.
    ///
    /// A client may keep a quicker pace than it was told. It is forgiven a hundred pings in an interval, evenly.
    package mutating func receivePing(now: Instant) -> Bool {
        let next = now + interval + timeout
        let elapsed = max(deadline.duration(to: next), .zero)
        if elapsed >= interval {
            strays = 0
        } else {
            // Less than a whole one is forgiven nothing.
            strays -= min(strays, UInt8(elapsed / interval * Double(Self.strayLimit)))
        }
        deadline = max(deadline, next)
        return receiveStray()
    }

    package mutating func receivePong(now: Instant) -> PongResult {
        guard isAwaitingPong else { return receiveStray() ? .unasked : .flood }
        isAwaitingPong = false
        // With a timeout longer than the interval the next ping may have been due before this answer.
        deadline = max(deadline - timeout + interval, now)
        return .answered
    }

    /// Counts a packet that means nothing; false when there have been too many.
    package mutating func receiveStray() -> Bool {
        guard strays < Self.strayLimit else { return false }
        strays += 1
        return true
    }
}
