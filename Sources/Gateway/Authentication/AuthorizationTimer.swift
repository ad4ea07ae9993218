import HandlerContract
import NIOCore

/// Watches the end of a socket's authorization: asks for an extension in time, and ends the client when there is none.
///
/// Lives on the socket's loop.
final class AuthorizationTimer: TimerTarget {
    /// Looked at in steps, so that timers of far-away ends share a few delays.
    private static let step: Duration = .seconds(60)

    private unowned let socket: Socket
    private var term: AuthorizationTerm

    private init(_ socket: Socket, term: AuthorizationTerm) {
        self.socket = socket
        self.term = term
    }

    /// From now on the socket may stay until then, whatever held before.
    static func start(for socket: Socket, until end: AuthorizationEnd) {
        guard socket.phase == .connected else { return }
        socket.expiry?.cancelAll()
        let left = end.left(nowMilliseconds: WallClock.milliseconds())
        let term = AuthorizationTerm(now: .now, left: left, lead: socket.client.refreshLead)
        let slot = TimerSlot()
        let timer = AuthorizationTimer(socket, term: term)
        slot.set(timer)
        socket.expiry = slot
        timer.arm(slot, now: .now)
    }

    /// For the first time, when nothing must happen at once: whoever starts it is in the middle of something.
    private func arm(_ slot: TimerSlot, now: ContinuousClock.Instant) {
        var term = self.term
        guard case .wait(let left) = term.tick(now: now) else { return self.wait(.zero, slot, now: now) }
        self.wait(left, slot, now: now)
    }

    private func wait(_ left: Duration, _ slot: TimerSlot, now: ContinuousClock.Instant) {
        // Below a step in tenths of a second: an end is a little early or late, never by more than that.
        let tenths = max(1, Int64((min(left, Self.step) / .milliseconds(100)).rounded(.up)))
        self.socket.namespace.shard.timers.schedule(
            after: .milliseconds(100 * tenths), slot: slot, token: 0, now: now)
    }

    func timerFired(token: UInt32, now: ContinuousClock.Instant) { self.tick(now: now) }

    private func tick(now: ContinuousClock.Instant) {
        // What asking sets off may extend the socket at once, or end it.
        guard let slot = self.socket.expiry else { return }
        switch self.term.tick(now: now) {
        case .wait(let left):
            self.wait(left, slot, now: now)
        case .ask(let left):
            let millisecondsLeft = Int64(min(left / .milliseconds(1), 1e15))
            let expiresAt = Int((WallClock.milliseconds() + millisecondsLeft + 500) / 1_000)
            self.socket.namespace.shard.router.authorizationEnds(self.socket, at: expiresAt, left: left)
            if self.socket.expiry === slot { self.tick(now: now) }
        case .end:
            slot.cancelAll()
            self.socket.client.kick(reason: DisconnectReason.tokenExpired.rawValue)
        }
    }
}
