import EngineIO

/// The WebSockets of a session: the one that is its transport, and the one that probes to become it.
extension EngineSession: WebSocketOwner {
    /// A WebSocket for this session: asks whether it may probe.
    ///
    /// `nil`: refuse the handshake with the error.
    func receiveUpgrade(wantsBase64: Bool) -> Result<UpgradeVerdict, ProtocolError> {
        self.settle()
        switch self.machine.webSocketRequested(now: .now) {
        case .acceptAsProbe:
            if wantsBase64 { self.base64.insert(.websocket) } else { self.base64.remove(.websocket) }
            self.schedule(after: self.configuration.upgradeTimeout, now: .now)
            return .success(.probe)
        case .acceptThenClose:
            return .success(.closeAtOnce)
        case .refuse(let error, let ending):
            if let ending { self.finish(ending) }
            return .failure(error)
        }
    }

    enum UpgradeVerdict { case probe, closeAtOnce }

    func beginProbe(_ stream: WebSocketStream) {
        guard !self.isOver else { return stream.close(code: nil) }
        self.probing = stream
    }

    func receivedText(_ payload: UnsafeRawBufferPointer, from stream: WebSocketStream) {
        guard stream === self.current || stream === self.probing else { return }
        self.settle()
        if self.configuration.revision == .three, let data = PacketType.splitBase64(payload) {
            return self.receivedBinaryMessage(data, over: .websocket)
        }
        let receipt = self.machine.receiveText(payload, now: .now)
        if case .message = receipt {
            return self.message(text: UnsafeRawBufferPointer(rebasing: payload.dropFirst()))
        }
        self.handle(receipt)
    }

    func receivedBinary(_ payload: UnsafeRawBufferPointer, from stream: WebSocketStream) {
        guard stream === self.current || stream === self.probing else { return }
        self.settle()
        guard let data = self.configuration.revision == .three ? PacketType.splitBinary(payload) : payload else {
            return self.handle(self.machine.receiveUnknown())
        }
        let receipt = self.machine.receive(.message, data, over: .websocket, now: .now)
        if case .message = receipt { return self.message(binary: data) }
        self.handle(receipt)
    }

    func handle(_ receipt: EngineIO.Session.Receipt) {
        switch receipt {
        case .message, .ignored:
            break
        case .answerProbe(let releasePoll):
            self.probing?.send(OutboundPacket.probeAnswer.webSocketFrame)
            if releasePoll { self.answerPoll() }
        case .upgraded(let releasePoll):
            self.current = self.probing.take()
            if self.isPaused { self.current?.setPaused(true) }
            self.shard.counters.upgradesCompleted &+= 1
            self.endpoint.counters.sessionUpgraded()
            if releasePoll, let poll = self.poll.take() {
                self.endpoint.answerPoll(poll.request, .noop, for: self.configuration.revision)
            }
            var waiting: [OutboundPacket] = []
            self.machine.takeFrames { waiting.append($0) }
            for packet in waiting { self.current?.send(packet.encoded(self.base64, over: .websocket).webSocketFrame) }
            self.catchUp()
        case .answerPing(let decision):
            switch decision {
            case .writeNow: self.current?.send(OutboundPacket.pong.webSocketFrame)
            case .answerPoll: self.pollNeeded()
            case .queued, .dropped: break
            }
            self.schedule(after: self.configuration.pingInterval + self.configuration.pingTimeout, now: .now)
        case .closeProbe:
            self.shard.counters.upgradesFailed &+= 1
            self.probing.take()?.close(code: nil)
        case .close(let ending):
            self.finish(ending)
        }
    }

    func webSocketLost(_ stream: WebSocketStream, _ end: ConnectionEnd) {
        guard stream === self.current || stream === self.probing else { return }
        if stream === self.current { self.current = nil } else { self.probing = nil }
        if end == .slow { self.client.closedFor = .slow }
        switch self.machine.webSocketLost(end == .closed ? .transportClose : .transportError) {
        case .ignored: break
        case .probeEnded: self.shard.counters.upgradesFailed &+= 1
        case .close(let ending): self.finish(ending)
        }
    }
}
