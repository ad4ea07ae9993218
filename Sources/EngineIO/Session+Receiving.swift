/// Packets from the client. Engine.IO protocol 4, "Protocol".
extension Session {
    package enum Receipt: Hashable, Sendable {
        /// A message for the application: the data that was handed in.
        case message
        case ignored
        /// Send ``OutboundPacket/probeAnswer`` to the WebSocket; if told so, then answer the open poll with
        /// ``takePayload(into:limit:)``.
        case answerProbe(releasePoll: Bool)
        /// The WebSocket has taken over. If told so, answer the open poll with a noop; then flush with
        /// ``takeFrames(_:)``.
        case upgraded(releasePoll: Bool)
        /// Close the probing WebSocket; the session goes on without it.
        case closeProbe
        /// A pong was sent as ``send(_:)`` would; `writeNow` means ``OutboundPacket/pong``. The heartbeat has moved.
        case answerPing(SendDecision)
        case close(Ending)
    }

    /// A packet has come, by a POST or on the WebSocket.
    ///
    /// A binary message is ``PacketType/message`` as well.
    ///
    /// - Parameter data: what follows the type byte.
    package mutating func receive(
        _ type: PacketType, _ data: UnsafeRawBufferPointer, over wire: Transport, now: Instant
    ) -> Receipt {
        guard isOpen else { return .ignored }
        if let ending = endIfExpired(now: now) { return .close(ending) }
        guard wire == transport else {
            // The other way round is a POST that outlived the switch; its client had promised to be done with it.
            return wire == .websocket ? receiveOnProbe(type, data) : .ignored
        }
        switch type {
        case .message:
            return .message
        // Pings go from client to server in protocol 3, and since protocol 4 from server to client only.
        case .pong where configuration.revision == .four:
            return heartbeat.receivePong(now: now) == .flood ? .close(end(.transportError)) : .ignored
        case .ping where configuration.revision == .three:
            guard heartbeat.receivePing(now: now) else { return .close(end(.transportError)) }
            return .answerPing(send(.pong))
        case .ping, .pong:
            return .close(end(.transportError))
        case .noop:
            return heartbeat.receiveStray() ? .ignored : .close(end(.transportError))
        case .close:
            return .close(end(.transportClose, pollAnswer: .noop))
        case .open, .upgrade:
            return .close(end(.parseError))
        }
    }

    /// A text frame has come on the WebSocket: a whole packet, type byte and all.
    package mutating func receiveText(_ packet: UnsafeRawBufferPointer, now: Instant) -> Receipt {
        if let (type, data) = PacketType.split(packet) { return receive(type, data, over: .websocket, now: now) }
        return receiveUnknown()
    }

    /// A frame has come on the WebSocket that is no packet.
    package mutating func receiveUnknown() -> Receipt {
        guard isOpen else { return .ignored }
        if transport == .polling { return dropProbe() }
        return .close(end(.parseError))
    }

    /// What the client sent could not be taken: a bad payload, a broken frame, a body of the wrong type.
    ///
    /// On a WebSocket that only probes, use ``webSocketLost(_:)``. nil: the session was over already.
    package mutating func fail(_ reason: CloseReason) -> Ending? {
        isClosed ? nil : end(reason)
    }

    private mutating func receiveOnProbe(_ type: PacketType, _ data: UnsafeRawBufferPointer) -> Receipt {
        switch (probe, type) {
        case (.none, _):
            return .ignored
        case (.connected(let until), .ping) where data.elementsEqual("probe".utf8):
            probe = .answered(until: until)
            promptNoops = Self.promptNoopLimit
            return .answerProbe(releasePoll: isPollOpen)
        case (.answered, .upgrade):
            probe = .none
            noopDue = nil
            transport = .websocket
            defer { isPollOpen = false }
            return .upgraded(releasePoll: isPollOpen)
        default:
            return dropProbe()
        }
    }

    private mutating func dropProbe() -> Receipt {
        guard probe != .none else { return .ignored }
        probe = .none
        noopDue = nil
        return .closeProbe
    }
}
