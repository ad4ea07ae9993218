/// The switch from polling to a WebSocket. Engine.IO protocol 4, "Upgrade".
extension Session {
    package enum UpgradeDecision: Hashable, Sendable {
        /// Complete the WebSocket handshake; it may probe now.
        case acceptAsProbe
        /// Complete the WebSocket handshake and close at once: the session has a WebSocket already, which is not
        /// harmed. This is what the reference server does and its clients expect.
        case acceptThenClose
        /// Refuse the WebSocket handshake. If the session ended over it, the ending comes first.
        case refuse(ProtocolError, Ending?)
    }

    /// A WebSocket handshake that names this session has come.
    package mutating func webSocketRequested(now: Instant) -> UpgradeDecision {
        if isClosed { return .refuse(.unknownSession, nil) }
        if let ending = endIfExpired(now: now) { return .refuse(.unknownSession, ending) }
        guard isOpen else { return .refuse(.badRequest, nil) }
        if transport == .websocket || probe != .none { return .acceptThenClose }
        guard configuration.offersUpgrade else { return .refuse(.badRequest, nil) }
        probe = .connected(until: now + configuration.upgradeTimeout)
        return .acceptAsProbe
    }

    package enum WebSocketLoss: Hashable, Sendable {
        /// It was not the session's any more.
        case ignored
        /// It only probed: the session goes on, polling.
        case probeEnded
        case close(Ending)
    }

    /// The session's WebSocket has closed or broken.
    package mutating func webSocketLost(_ reason: CloseReason = .transportClose) -> WebSocketLoss {
        guard !isClosed else { return .ignored }
        if transport == .websocket { return .close(end(reason, webSocketIsGone: true)) }
        guard probe != .none else { return .ignored }
        probe = .none
        // A held poll is an ordinary one from here on.
        noopDue = nil
        return .probeEnded
    }

    /// Hands over, in order, what had been queued when the WebSocket took over.
    ///
    /// Newer packets come after it.
    package mutating func takeFrames(_ body: (OutboundPacket) -> Void) {
        guard transport == .websocket else { return }
        while let packet = queue.popFirst() { body(packet) }
    }
}
