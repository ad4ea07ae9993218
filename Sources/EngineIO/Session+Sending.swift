/// Packets to the client.
extension Session {
    package enum SendDecision: Hashable, Sendable {
        /// Write ``OutboundPacket/webSocketFrame`` to the WebSocket; nothing was kept.
        case writeNow
        /// Waits for the next poll, or for the end of the switch.
        case queued
        /// Queued; a poll is open: answer it with ``takePayload(into:limit:)`` at the end of this turn.
        case answerPoll
        /// The session is over or closing.
        case dropped
    }

    package mutating func send(_ packet: OutboundPacket) -> SendDecision {
        guard isOpen else { return .dropped }
        switch transport {
        case .websocket where queue.isEmpty:
            return .writeNow
        case .websocket:
            queue.append(packet)
            return .queued
        case .polling:
            queue.append(packet)
            return isPollOpen ? .answerPoll : .queued
        }
    }

    package enum CloseDecision: Hashable, Sendable {
        /// The session is over now.
        case ended(Ending)
        /// Answer the open poll with ``takePayload(into:limit:)``, which ends the session if all fits. `closeProbe`: a
        /// WebSocket was probing and is to be closed.
        case answerPoll(closeProbe: Bool)
        /// The next poll takes the close packet away; until then the session answers polls and does nothing else.
        case linger(until: Instant, closeProbe: Bool)
        /// It was closed, or about to be, already.
        case none
    }

    /// This side closes the session.
    ///
    /// On a WebSocket it is over at once: send what was written before, then a close frame. While polling, the client
    /// is told by the close packet, in the open poll or the next one.
    /// - Parameter discard: what is queued is not sent.
    package mutating func close(_ reason: CloseReason, discard: Bool = false, now: Instant) -> CloseDecision {
        guard isOpen else { return .none }
        if transport == .websocket { return .ended(end(reason)) }
        if discard { queue.removeAll() }
        let closeProbe = probe != .none
        probe = .none
        noopDue = nil
        let until = now + configuration.linger
        state = .closing(until: until, reason)
        return isPollOpen ? .answerPoll(closeProbe: closeProbe) : .linger(until: until, closeProbe: closeProbe)
    }
}
