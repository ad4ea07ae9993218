/// What is sent and what comes back.
extension LoadRun {
    var sendsMessages: Bool {
        switch self.plan.scenario {
        case .connect: false
        case .echo, .fanout: true
        }
    }

    private var isSending: Bool { self.plan.rate == nil && (self.phase == .warmup || self.phase == .measuring) }

    /// Messages, or deliveries of a fan-out, that have not come.
    var undelivered: Int {
        switch self.plan.scenario {
        case .connect: 0
        case .echo: self.clients.reduce(0) { $0 + ($1?.pendingCount ?? 0) }
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
    func sendOne(_ client: LoadClient, at instant: UInt64) {
        if self.plan.scenario == .fanout {
            let receivers = self.readyCount - (client.isReady ? 1 : 0)
            guard receivers > 0, let number = self.fanout.sent(at: instant, receivers: receivers) else { return }
            self.text.make(number)
        } else {
            self.text.make(client.nextNumber)
            client.sent(at: instant)
        }
        self.text.bytes.withUnsafeBytes { client.dialogue.send($0) }
        self.flush(client)
    }

    func received(_ message: UnsafeRawBufferPointer, _ client: LoadClient) {
        switch self.plan.scenario {
        case .connect: break
        case .echo:
            guard let number = self.text.answer(in: message) else { return }
            guard let sent = client.answered(number) else {
                self.outOfOrder += 1
                return
            }
            self.count(since: sent)
            guard self.isSending else { return }
            // Left to the end of this read, so that several answers at once lead to one write.
            self.text.make(client.nextNumber)
            client.sent(at: now())
            self.text.bytes.withUnsafeBytes { client.dialogue.send($0) }
        case .fanout:
            guard client !== self.sender, let number = MessageText.number(in: message) else { return }
            if let last = client.lastReceived, number <= last {
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
        case .echo: self.lost += client.pendingCount
        case .fanout:
            let (lost, completed) = self.fanout.abandoned(after: client.lastReceived, sentSince: client.startedAt)
            self.lost += lost
            guard self.isSending, let sender = self.sender, sender !== client else { return }
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
}

/// The messages of a fan-out that not every receiver has got yet.
struct FanoutTable {
    private struct Entry {
        var sent: UInt64
        var missing: Int
    }

    /// Messages on the way at once; a sender at a rate stops there, which shows as messages that are not sent.
    private static let capacity = 1 << 16

    private var entries: [UInt64: Entry] = [:]
    private var next: UInt64 = 0
    private(set) var missing = 0

    /// Returns the number of the message, or `nil` when too many are on the way.
    mutating func sent(at instant: UInt64, receivers: Int) -> UInt64? {
        guard self.entries.count < Self.capacity else { return nil }
        defer { self.next += 1 }
        self.entries[self.next] = Entry(sent: instant, missing: receivers)
        self.missing += receivers
        return self.next
    }

    /// A receiver got it; returns when it was sent, and whether everyone has it now.
    mutating func received(_ number: UInt64) -> (sent: UInt64, isLast: Bool)? {
        guard let entry = self.entries[number] else { return nil }
        self.missing -= 1
        if entry.missing == 1 {
            self.entries[number] = nil
            return (entry.sent, true)
        }
        self.entries[number]?.missing = entry.missing - 1
        return (entry.sent, false)
    }

    /// A receiver is gone; returns how many deliveries are lost by that, and how many messages waited for it alone.
    mutating func abandoned(after last: UInt64?, sentSince: UInt64) -> (lost: Int, completed: Int) {
        var completed = 0
        let gone = self.entries.filter { number, entry in
            entry.sent >= sentSince && last.map { number > $0 } ?? true
        }
        for (number, entry) in gone {
            if entry.missing == 1 { completed += 1 }
            self.entries[number] = entry.missing == 1 ? nil : Entry(sent: entry.sent, missing: entry.missing - 1)
        }
        self.missing -= gone.count
        return (gone.count, completed)
    }
}
