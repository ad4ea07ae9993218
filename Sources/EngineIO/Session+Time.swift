/// What a session does by itself as time passes.
extension Session {
    package enum TickDecision: Hashable, Sendable {
        /// Nothing to do until then.
        case wait(until: Instant)
        /// A ping was sent as ``send(_:)`` would; `writeNow` means ``OutboundPacket/ping``. Tick again at `next`.
        case sendPing(SendDecision, next: Instant)
        /// The probing WebSocket took too long: close it. The session goes on.
        case closeProbe(next: Instant)
        /// Answer the open poll with ``takePayload(into:limit:)``.
        case answerPoll(next: Instant)
        case close(Ending)
        /// It was over already.
        case none
    }

    /// When to call ``tick(now:)`` next, at the latest; nil when the session is over.
    ///
    /// Changes with any other call, so it is asked after each: it may come earlier when a WebSocket begins to probe,
    /// when a poll is held, on closing.
    package var nextDeadline: Instant? {
        switch state {
        case .closed: return nil
        case .closing(let until, _): return until
        case .open:
            var next = heartbeat.nextDeadline
            switch probe {
            case .none: break
            case .connected(let until), .answered(let until): next = min(next, until)
            }
            if let noopDue { next = min(next, noopDue) }
            return next
        }
    }

    /// When the heartbeat is due next, whatever else may be due before.
    package var heartbeatDeadline: Instant { heartbeat.nextDeadline }

    /// Nothing was read from the client for a while by our own choice: the pong or ping that is awaited is not late yet.
    package mutating func excusePong(now: Instant) {
        heartbeat.excuse(now: now)
    }

    /// The time of ``nextDeadline`` has come, or may have.
    ///
    /// Does one thing; `next` may be now.
    package mutating func tick(now: Instant) -> TickDecision {
        switch state {
        case .closed: return .none
        case .closing(let until, _):
            if let ending = endIfExpired(now: now) { return .close(ending) }
            return .wait(until: until)
        case .open: break
        }
        if let ending = endIfExpired(now: now) { return .close(ending) }
        switch probe {
        case .none: break
        case .connected(let until), .answered(let until):
            if now >= until {
                probe = .none
                noopDue = nil
                return .closeProbe(next: nextDeadline ?? now)
            }
        }
        if let due = noopDue, now >= due {
            noopDue = nil
            return .answerPoll(next: nextDeadline ?? now)
        }
        switch heartbeat.tick(now: now) {
        case .close: return .close(end(.pingTimeout))
        case .wait: return .wait(until: nextDeadline ?? now)
        case .sendPing:
            let sent = send(.ping)
            return .sendPing(sent, next: nextDeadline ?? now)
        }
    }
}
