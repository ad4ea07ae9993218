import EngineIO
import NIOCore

/// The requests of a polling session: its poll, and its POST.
extension EngineSession {
    /// How many packets of a POST are handled in one turn of the loop.
    private static let packetsPerTurn = 512

    func receivePoll(_ request: EngineRequest) {
        let now = ContinuousClock.now
        switch self.machine.receivePoll(now: now) {
        case .answer:
            self.poll = OpenPoll(request: request, isHandshake: false, number: self.polls)
            self.answerPoll()
        case .answerNoop:
            self.endpoint.answerPoll(request, .noop, for: self.configuration.revision)
        case .hold:
            self.hold(request, isHandshake: false)
            if self.machine.isProbing { self.schedule(after: EngineEndpoint.noopPace, now: now) }
        case .refuse(let error, let ending):
            if let ending { self.finish(ending) }
            self.endpoint.refuse(request, error)
        }
    }

    /// Keeps a poll until there is something to say.
    ///
    /// Its connection may go away before that.
    func hold(_ request: EngineRequest, isHandshake: Bool) {
        self.polls &+= 1
        let number = self.polls
        self.poll = OpenPoll(request: request, isHandshake: isHandshake, number: number)
        guard !request.isOn(self.shard) else { return request.exchange.keep(for: self, number: number) }
        let loop = self.shard.loop
        let session = NIOLoopBound(self, eventLoop: loop)
        request.reply.onAbort { loop.execute { session.value.pollLost(number) } }
    }

    private func pollLost(_ number: UInt32) {
        // The word of a lost connection may come when its poll has been answered already: then what was in the answer is
        // lost with it. A later poll has nothing to do with it.
        guard self.poll?.number == number || (self.poll == nil && self.polls == number) else { return }
        self.poll = nil
        if let ending = self.machine.pollLost() { self.finish(ending) }
    }

    /// The head of a POST has come, and its body is on the way.
    func announcePost(_ request: EngineRequest) {
        switch self.machine.receivePost(now: .now) {
        case .read:
            self.announcedPost = request.id
            let loop = self.shard.loop
            let session = NIOLoopBound(self, eventLoop: loop)
            let id = request.id
            request.reply.onAbort { loop.execute { session.value.postLost(id) } }
        case .refuse(let error, let ending):
            if let ending { self.finish(ending) }
            self.endpoint.refuse(request, error)
        }
    }

    private func postLost(_ id: ObjectIdentifier) {
        guard self.announcedPost == id else { return }
        self.announcedPost = nil
        if let ending = self.machine.postLost() { self.finish(ending) }
    }

    func receivePost(_ request: EngineRequest) {
        let now = ContinuousClock.now
        let decision =
            self.announcedPost == request.id && !self.isOver ? .read : self.machine.receivePost(now: now)
        switch decision {
        case .read:
            if self.announcedPost != nil {
                self.announcedPost = nil
                request.reply.forgetAbort()
            }
            var format = PayloadFormat(text: self.configuration.revision)
            if request.isBinary {
                guard format == .counted else {
                    if let ending = self.machine.fail(.transportError) { self.finish(ending) }
                    return self.endpoint.refuse(request, .badRequest)
                }
                format = .countedBytes
            }
            self.read(OpenPost(request: request, format: format, rest: request.body), now: now)
        case .refuse(let error, let ending):
            if let ending { self.finish(ending) }
            self.endpoint.refuse(request, error)
        }
    }

    /// Handles the packets of the open POST until they are through, or reading is paused.
    ///
    /// The client's next POST waits for the answer to this one, which is how back-pressure reaches it.
    func readPost() {
        if let post = self.post.take() { self.read(post, now: .now) }
    }

    private func read(_ post: OpenPost, now: ContinuousClock.Instant) {
        var post = post
        if !post.isRead {
            do throws(PayloadError) {
                try self.readPackets(of: &post, now: now)
            } catch {
                self.shard.counters.parseErrorsEngineIO &+= 1
                if let ending = self.machine.fail(.parseError) { self.finish(ending) }
                return self.endpoint.refuse(post.request, .badRequest)
            }
        }
        if self.isPaused, !self.isOver {
            self.post = post
            return
        }
        if !post.isRead, !self.isOver {
            // The rest in a later turn: others want to be served between.
            self.post = post
            self.shard.timers.schedule(after: .milliseconds(1), slot: self.timerSlot, token: Self.postToken)
            return
        }
        self.machine.postEnded()
        self.endpoint.answerPost(post.request)
    }

    /// Handles packets until all are through, the session is over or reading is paused.
    private func readPackets(of post: inout OpenPost, now: ContinuousClock.Instant) throws(PayloadError) {
        let body = post.rest
        let format = post.format
        let next = try body.withUnsafeReadableBytes { (body) throws(PayloadError) -> Int? in
            var reader = PayloadReader(body, format: format)
            var count = 0
            while count < Self.packetsPerTurn, !self.isOver, !self.isPaused, let item = try reader.next() {
                count += 1
                switch item {
                case .packet(let type, let data): self.received(type, data, now)
                case .binary(let data): self.receivedBinaryMessage(data, over: .polling)
                }
            }
            return reader.nextOffset
        }
        post.isRead = next == nil
        post.rest.moveReaderIndex(forwardBy: next ?? post.rest.readableBytes)
    }

    private func received(_ type: PacketType, _ data: UnsafeRawBufferPointer, _ now: ContinuousClock.Instant) {
        let receipt = self.machine.receive(type, data, over: .polling, now: now)
        if case .message = receipt { return self.message(text: data) }
        self.handle(receipt)
    }

    func receivedBinaryMessage(_ data: ByteBuffer, over wire: Transport) {
        data.withUnsafeReadableBytes { bytes in
            let receipt = self.machine.receive(.message, bytes, over: wire, now: .now)
            if case .message = receipt { return self.message(binary: bytes) }
            self.handle(receipt)
        }
    }
}

extension EngineSession: HTTPExchange.Holder {
    func exchangeLost(_ number: UInt32) {
        // Not in the middle of what the end of the connection sets off.
        let session = NIOLoopBound(self, eventLoop: self.shard.loop)
        self.shard.loop.execute { session.value.pollLost(number) }
    }
}
