import EngineIO
import NIOCore

/// What the client is sent.
extension EngineSession {
    /// Why a volatile event is not sent now; `nil`: it is.
    var dropsVolatile: ShardCounters.OutputDrop? {
        if self.shard.core.memory.level >= .dropping { return .memory }
        return self.isWritable ? nil : .volatile
    }

    /// Whether something sent now would leave now; what is volatile is dropped otherwise.
    var isWritable: Bool {
        guard self.machine.isWritable, self.backlog == nil else { return false }
        if let current = self.current {
            return current.isWritable || current.bufferedBytes < self.shard.limits.outputSoft
        }
        return true
    }

    /// See ``Client/offerLane(for:)``.
    func offerLane(_ dialect: Dialect) -> LaneOffer? {
        guard self.machine.writesDirectly, self.backlog == nil, self.base64.isEmpty,
            let row = self.current?.setTakesBroadcasts(true)
        else { return nil }
        return LaneOffer(row: row, dialect: dialect, counters: self.endpoint.counters)
    }

    /// How this client gets broadcasts compressed, if it does, and the same as others.
    var sharedDeflate: StreamDeflate.Kind? {
        guard let deflate = self.current?.deflate, deflate.isShared else { return nil }
        return deflate.kind
    }

    /// Sends a packet that other sessions get as well; `shared` is its frame in the shard's arena.
    func send(_ packet: OutboundPacket, shared: OutputArena.BufferID, compress: Bool) {
        guard !packet.isBinary || self.base64.isEmpty else { return self.send(packet, compress: compress) }
        guard !self.waits(packet, compress: compress) else { return }
        self.settle()
        if let current = self.current, self.machine.writesDirectly {
            self.endpoint.counters.messageSent(isBinary: packet.isBinary)
            return current.send(packet, shared: shared, compress: compress)
        }
        switch self.machine.send(packet) {
        case .writeNow:
            self.endpoint.counters.messageSent(isBinary: packet.isBinary)
            self.current?.send(packet, shared: shared, compress: compress)
        case .queued:
            self.queued(packet, compress)
        case .answerPoll:
            self.queued(packet, compress)
            self.pollNeeded()
        case .dropped:
            break
        }
    }

    /// Sends a packet that is for this session alone.
    func send(_ packet: OutboundPacket, compress: Bool = true) {
        guard !self.waits(packet, compress: compress) else { return }
        self.settle()
        let packet = packet.encoded(self.base64, over: self.transport)
        switch self.machine.send(packet) {
        case .writeNow:
            self.endpoint.counters.messageSent(isBinary: packet.isBinary)
            self.current?.send(packet, compress: compress)
        case .queued:
            self.queued(packet, compress)
        case .answerPoll:
            self.queued(packet, compress)
            self.pollNeeded()
        case .dropped:
            break
        }
    }

    /// Sends a text message that `body` writes.
    ///
    /// On a WebSocket it is written straight into the turn's output, and so is the first one for an open poll into what that
    /// will be answered with: most have no other.
    func sendMessage(compress: Bool = true, _ body: (inout ByteBuffer) -> Void) {
        guard self.backlog == nil else { return self.send(.message(reserving: 128, body), compress: compress) }
        if let current = self.current, self.machine.isWritable {
            self.endpoint.counters.textSent &+= 1
            current.sendText(compress: compress) { buffer in
                buffer.writeInteger(PacketType.message.rawValue)
                body(&buffer)
            }
        } else if self.ready == nil, self.machine.awaitsFirstMessage {
            let ready = self.shard.turnText.append { buffer in
                buffer.writeInteger(PacketType.message.rawValue)
                body(&buffer)
            }
            self.ready = ready
            self.mayCompress = self.mayCompress || compress
            self.endpoint.counters.textSent &+= 1
            self.shard.grew(by: ready.length)
            // What is ready is so for this turn only.
            self.pollNeeded(.prompt)
        } else {
            self.send(.message(reserving: 128, body), compress: compress)
        }
    }

    /// Something else comes before the poll is answered: the message that was ready for it is queued after all.
    func settle() {
        guard let ready = self.ready.take() else { return }
        let message = self.shard.turnText.message(at: ready)
        let packet = OutboundPacket.framed(reserving: message.readableBytes) { $0.writeImmutableBuffer(message) }
        // It has been counted.
        switch self.machine.send(packet) {
        case .writeNow: self.current?.send(packet, compress: self.mayCompress)
        case .answerPoll: self.pollNeeded()
        case .queued, .dropped: break
        }
    }

    private func queued(_ packet: OutboundPacket, _ compress: Bool) {
        self.mayCompress = self.mayCompress || compress
        self.endpoint.counters.messageSent(isBinary: packet.isBinary)
        let cost = packet.pollingLength + 1 + OutboundPacket.cost
        self.shard.grew(by: cost)
        // A message with its attachments may be larger than the limit; it is the pile before it that must not grow.
        let before = self.pileBefore ?? self.machine.queuedBytes - packet.pollingLength - 1
        let isPile = before > self.shard.limits.outputHard || self.machine.queuedPackets > Self.maxQueuedPackets
        guard isPile else { return }
        // Nobody fetches it: what is queued must not grow for ever.
        self.closeSlow()
    }

    /// Packets for one client, beside `limits.outputHard`.
    ///
    /// The memory of small ones is in their number: so many take some 5 MiB. What one turn delivers is far less.
    static let maxQueuedPackets = 16_384

    /// What `body` sends is one message with its attachments: all of it, or the session is closed before it.
    func together(_ body: () -> Void) {
        self.pileBefore = self.machine.queuedBytes
        defer { self.pileBefore = nil }
        body()
    }

    func pollNeeded() { self.pollNeeded(self.shard.urgency) }

    private func pollNeeded(_ urgency: Urgency) {
        if let dirty = self.dirty, dirty >= urgency { return }
        self.dirty = urgency
        self.shard.markDirty(self, urgency)
    }

    /// The end of the turn: what has come together answers the open poll.
    func endTurn() {
        // It may have been prompt after all, and now wait for something else.
        guard self.dirty.take() != nil else { return }
        if self.machine.hasOpenPoll { self.answerPoll() }
        // Its poll has been answered otherwise.
        self.settle()
    }

    func answerPoll() {
        guard let poll = self.poll.take() else { return }
        if let ready = self.ready, self.machine.answerPollDirectly() {
            self.ready = nil
            let compress = self.mayCompress
            self.mayCompress = false
            self.endpoint.answerPoll(
                poll.request, self.shard.turnText.message(at: ready), isHandshake: poll.isHandshake, sid: self.id,
                compress: compress)
            return self.catchUp()
        }
        self.settle()
        var body = self.shard.payloadBuffer.take()
        let result = self.machine.takePayload(into: &body)
        let compress = self.mayCompress
        if result != .some { self.mayCompress = false }
        self.endpoint.answerPoll(
            poll.request, body, isBinary: self.machine.payloadFormat.isBinary, isHandshake: poll.isHandshake,
            sid: self.id, compress: compress)
        self.shard.payloadBuffer.giveBack(body)
        if case .last(let reason) = result { return self.ended(reason) }
        self.catchUp()
    }

    func outputDrained() { self.catchUp() }
}
