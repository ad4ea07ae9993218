/// What is sent and what comes back.
extension LoadRun {
    var sendsMessages: Bool {
        switch self.plan.scenario {
        case .connect: false
        case .echo, .fanout: true
        }
    }

    private var isSending: Bool { self.plan.rate == nil && (self.phase == .warmup || self.phase == .measuring) }

    /// Messages, deliveries of a fan-out, or openings of a churn, that have not come.
    var undelivered: Int {
        switch self.plan.scenario {
        case .connect: self.isChurning ? self.opening : 0
        case .echo: self.unanswered
        case .fanout: self.fanout.missing
        }
    }

    func startMessages() {
        guard self.isSending, self.sendsMessages else { return }
        let senders = self.plan.scenario == .fanout ? [self.sender] : self.clients
        for case let client? in senders where client.isReady {
            for _ in 0..<self.plan.inFlight { self.sendOne(client, at: now()) }
        }
    }

    /// Sends the next message; `instant` is when it should have left.
    ///
    /// What cannot leave is counted.
    func sendOne(_ client: LoadClient, at instant: UInt64) {
        if self.plan.scenario == .fanout {
            let receivers = self.readyCount - (client.isReady ? 1 : 0)
            guard let number = self.fanout.sent(at: instant, receivers: receivers) else {
                self.notSent += 1
                return
            }
            self.text.make(number)
        } else {
            self.makeNext(client, at: instant)
        }
        self.text.bytes.withUnsafeBytes { client.dialogue.send($0) }
        self.flush(client)
    }

    private func makeNext(_ client: LoadClient, at instant: UInt64) {
        self.text.make(client.answers.next)
        let givenUp = client.answers.add(at: instant)
        self.lost += givenUp
        self.unanswered += 1 - givenUp
    }

    func received(_ message: UnsafeRawBufferPointer, _ client: LoadClient) {
        switch self.plan.scenario {
        case .connect: break
        case .echo:
            guard let number = self.text.answer(in: message) else { return }
            switch client.answers.answer(number) {
            case .unexpected:
                self.outOfOrder += 1
                return
            case .early(let sent):
                self.outOfOrder += 1
                self.count(since: sent)
            case .inOrder(let sent): self.count(since: sent)
            }
            self.unanswered -= 1
            guard self.isSending else { return }
            // Left to the end of this read, so that several answers at once lead to one write.
            self.makeNext(client, at: now())
            self.text.bytes.withUnsafeBytes { client.dialogue.send($0) }
        case .fanout:
            guard client !== self.sender, let number = MessageText.number(in: message) else { return }
            guard self.fanout.hasSent(number), client.lastReceived.map({ number > $0 }) ?? true else {
                self.outOfOrder += 1
                return
            }
            client.lastReceived = number
            guard let (sent, isLast) = self.fanout.received(number) else { return }
            self.count(since: sent)
            if isLast, self.isSending, let sender = self.sender { self.sendOne(sender, at: now()) }
        }
    }

    /// Nothing more comes from that client, or reaches it.
    func abandon(_ client: LoadClient) {
        switch self.plan.scenario {
        case .connect: break
        case .echo:
            self.lost += client.answers.count
            self.unanswered -= client.answers.count
        case .fanout:
            // The sender is no receiver.
            guard client.index != self.wanted - 1 else { return }
            let (lost, completed) = self.fanout.abandoned(after: client.lastReceived, sentSince: client.startedAt)
            self.lost += lost
            guard self.isSending, let sender = self.sender else { return }
            for _ in 0..<completed { self.sendOne(sender, at: now()) }
        }
    }

    private func count(since sent: UInt64) {
        // An answer that comes after the time is up is no message of that time; but what it took counts, or a stall at
        // the end would show nowhere.
        if self.phase != .draining { self.messages += 1 }
        let instant = now()
        self.histogram.record(instant > sent ? instant - sent : 0)
    }

    // MARK: - At a rate

    /// Messages that leave in one turn, so that answers are read meanwhile.
    private static let sendsPerTurn = 1_024
    /// Messages that wait for answers, and for a server that reads them, at most.
    private static let maxUnanswered = 1 << 20
    private static let maxUnansweredBytes = 256 << 20

    private var mayWaitForMore: Bool {
        let onTheWay = self.plan.scenario == .fanout ? self.fanout.count : self.unanswered
        return onTheWay < max(1_000, min(Self.maxUnanswered, Self.maxUnansweredBytes / self.plan.size))
    }

    /// Sends what is due, whatever has come back.
    func sendDue(_ instant: UInt64) {
        guard self.pace != nil, self.sendsMessages, self.phase == .warmup || self.phase == .measuring else { return }
        for _ in 0..<Self.sendsPerTurn {
            guard let due = self.pace?.due(at: instant) else { return }
            guard self.mayWaitForMore, let client = self.nextSender() else {
                self.notSent += 1
                continue
            }
            self.sendOne(client, at: due)
        }
    }

    /// The time is up: what is due by now leaves, and what the generator is behind with is told.
    func endPace() {
        let instant = now()
        self.sendDue(instant)
        guard self.sendsMessages else { return }
        self.notSent += self.pace?.overdue(at: instant) ?? 0
    }

    private func nextSender() -> LoadClient? {
        guard self.readyCount > 0 else { return nil }
        if self.plan.scenario == .fanout { return self.sender }
        for _ in 0..<self.clients.count {
            self.turn = (self.turn + 1) % self.clients.count
            if let client = self.clients[self.turn], client.isReady { return client }
        }
        return nil
    }
}
