/// An Engine.IO session across its transports: which requests it takes, what leaves where, and when it is over.
///
/// Decides, never acts. It is told what happened and what time it is, and answers with what to do; requests, WebSockets
/// and timers belong to the caller, who must do what is answered before telling the next thing. At any time there is at
/// most one open poll, one open POST and one WebSocket, so none of them needs a name here.
///
/// A polling session begins with its handshake request as the open poll. The first thing to ``send(_:)`` is the open
/// packet; the answer to the handshake then carries it, and all that is sent in the same turn.
///
/// While polling, packets wait in a queue; storage is held only while something waits. The caller bounds it, by
/// ``queuedBytes`` and the endpoint's policy for slow consumers.
package struct Session: ~Copyable {
    package typealias Instant = ContinuousClock.Instant

    enum State: Hashable {
        case open
        /// Closed by this side; waits for the poll that takes the rest and the close packet away.
        case closing(until: Instant, CloseReason)
        case closed
    }

    /// A WebSocket that wants to take over from polling.
    enum Probe: Hashable {
        case none
        /// Connected; has not sent `2probe`.
        case connected(until: Instant)
        /// Got `3probe`: the client is about to stop polling and to send `5`.
        case answered(until: Instant)
    }

    package let configuration: SessionConfiguration
    var state = State.open
    /// The transport that carries messages now.
    package internal(set) var transport: Transport
    var isPollOpen: Bool
    var isPostOpen = false
    var probe = Probe.none
    /// Polls that are still answered at once while the probe is answered, see ``receivePoll(now:)``.
    var promptNoops: UInt8 = 0
    /// When the open poll is to be answered with a noop.
    var noopDue: Instant?
    var queue = PacketQueue()
    /// How the last payload was written: its content type.
    package internal(set) var payloadFormat: PayloadFormat
    var heartbeat: Heartbeat

    package init(transport: Transport, configuration: SessionConfiguration, now: Instant) {
        self.transport = transport
        self.configuration = configuration
        isPollOpen = transport == .polling
        payloadFormat = PayloadFormat(text: configuration.revision)
        heartbeat = Heartbeat(
            interval: configuration.pingInterval, timeout: configuration.pingTimeout,
            driver: configuration.revision == .three ? .client : .server, now: now)
    }

    /// Over: nothing comes out of it any more, and the caller can forget it.
    package var isClosed: Bool { if case .closed = state { true } else { false } }

    /// Neither closed nor closing.
    package var isOpen: Bool { if case .open = state { true } else { false } }

    /// A WebSocket is on its way to take over.
    package var isProbing: Bool { probe != .none }

    /// A poll waits for its answer.
    package var hasOpenPoll: Bool { isPollOpen }

    /// Bytes that wait, as polling would send them.
    package var queuedBytes: Int { queue.bytes }

    /// What they cost in memory: many small packets are much more than their bytes.
    package var heldBytes: Int { queue.heldBytes }

    package var queuedPackets: Int { queue.count }

    /// Something sent now would leave now.
    ///
    /// What is volatile is dropped otherwise, also during the switch.
    package var isWritable: Bool {
        guard isOpen else { return false }
        switch transport {
        case .websocket: return queue.isEmpty
        case .polling:
            if case .answered = probe { return false }
            return isPollOpen
        }
    }

    /// ``send(_:)`` would answer ``SendDecision/writeNow``.
    package var writesDirectly: Bool { isOpen && transport == .websocket && queue.isEmpty }

    /// The client has failed to answer a ping in time, or a closed session has waited long enough.
    package func isExpired(now: Instant) -> Bool {
        switch state {
        case .open: heartbeat.isExpired(now: now)
        case .closing(let until, _): now >= until
        case .closed: true
        }
    }

    /// Ends the session.
    ///
    /// `pollAnswer` is what an open poll gets, if there is one.
    mutating func end(
        _ reason: CloseReason, pollAnswer: PacketType? = .close, webSocketIsGone: Bool = false
    ) -> Ending {
        let ending = Ending(
            reason: reason,
            pollAnswer: isPollOpen ? pollAnswer : nil,
            closesWebSocket: !webSocketIsGone && (transport == .websocket || probe != .none))
        state = .closed
        isPollOpen = false
        isPostOpen = false
        probe = .none
        noopDue = nil
        queue.removeAll()
        return ending
    }

    /// Ends the session if its time is over.
    mutating func endIfExpired(now: Instant) -> Ending? {
        switch state {
        case .open: heartbeat.isExpired(now: now) ? end(.pingTimeout) : nil
        case .closing(let until, let reason): now >= until ? end(reason) : nil
        case .closed: nil
        }
    }

    /// What must hold between any two calls.
    package func invariants() -> Bool {
        guard queue.invariants() else { return false }
        let isOver = state == .closed
        if isOver { return !isPollOpen && !isPostOpen && probe == .none && queue.isEmpty && noopDue == nil }
        if noopDue != nil, !isPollOpen || probe == .none { return false }
        if transport == .websocket { return probe == .none && !isPollOpen && state == .open }
        if case .closing = state { return probe == .none }
        return true
    }
}

/// What is left to do when a session has ended.
///
/// The session itself can be forgotten.
package struct Ending: Hashable, Sendable {
    package var reason: CloseReason
    /// What the open poll is to be answered with: close, or noop to a client that closed by itself.
    ///
    /// nil: none is open.
    package var pollAnswer: PacketType?
    /// The WebSocket of the session, current or probing, is to be closed.
    package var closesWebSocket: Bool

    package init(reason: CloseReason, pollAnswer: PacketType?, closesWebSocket: Bool) {
        self.reason = reason
        self.pollAnswer = pollAnswer
        self.closesWebSocket = closesWebSocket
    }
}
