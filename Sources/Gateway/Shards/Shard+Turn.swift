import EpollLoop

/// Who has something to do when the turn of a shard ends, and what of it may take several turns.
struct Turn {
    /// Ends a turn; set once.
    var end: (@Sendable () -> Void)?
    fileprivate var isScheduled = false
    /// To how many the events of the bus went in this turn.
    fileprivate var receivers = 0
    fileprivate var sessions = OpenPolls<EngineSession>()
    fileprivate var longPolls = OpenPolls<LongPollClient>()

    init() {}
}

/// The end of a turn: what was published is applied, open polls are answered, connections are written.
///
/// A loop that does nothing else for the time that a hundred thousand sends take keeps everybody waiting who is not in that
/// room. What goes to many is therefore *bulk*: each turn sends as much of it as there is time for, and looks at the sockets
/// between. All else leaves with its turn, and takes along what bulk its connection still has, so that each connection gets
/// everything in one order.
extension Shard {
    /// To so many receivers the events of one turn go at once, in some 4 ms; those of later ones are bulk.
    static let promptReceivers = 512
    /// How long a turn sends bulk, unless a single round takes longer: somebody else's answer waits as long.
    static let bulkTime: Duration = .milliseconds(5)
    /// What is waiting to be sent takes memory until all of it is: of so many bytes or more, nothing waits any longer.
    static let maxHeldOutput = 64 * 1_024 * 1_024
    /// Polls that are answered before the clock is read again.
    private static let pollGrain = 64

    /// Something is to be done before this turn ends.
    ///
    /// `nextCycle`: after sockets have been looked at again.
    func turnNeeded(nextCycle: Bool = false) {
        guard !self.turn.isScheduled, let end = self.turn.end else { return }
        self.turn.isScheduled = true
        if nextCycle { self.loop.executeNextCycle(end) } else { self.loop.execute(end) }
    }

    /// The session's open poll is to be answered at the end of the turn, or, if it is `bulk`, when there is time.
    func markDirty(_ session: EngineSession, _ urgency: Urgency) {
        self.turn.sessions.append(session, urgency)
        self.turnNeeded()
    }

    /// The same for a client of plain long-polling.
    func markDirty(_ client: LongPollClient, _ urgency: Urgency) {
        self.turn.longPolls.append(client, urgency)
        self.turnNeeded()
    }

    /// How soon that leaves which is put into the connections' rows now.
    var urgency: Urgency { self.outputs.urgency }

    /// Calls `body`, which delivers an event to so many.
    func delivering(to receivers: Int, _ body: () -> Void) {
        self.turn.receivers += receivers
        guard self.turn.receivers > Self.promptReceivers else { return body() }
        self.outputs.urgency = .bulk
        body()
        self.outputs.urgency = .prompt
    }

    /// Serves everything that asked for a turn.
    func endTurn() {
        if self.isHoldingTooMuch { self.flushConnections(until: nil) }
        // Whoever publishes more than can be sent waits for it.
        if !self.outputs.hasBulk || self.arena.pieceCount <= Self.maxPieces / 2 { self.applyArrivals() }
        let deadline: ContinuousClock.Instant? = self.hasBulk ? .now + Self.bulkTime : nil
        self.answerPolls(until: deadline)
        self.turnText.removeAll()
        self.flushConnections(until: deadline)
        self.turn.receivers = 0
        // Only now: everything above may ask for a turn, and this one serves it.
        self.turn.isScheduled = false
        if self.hasArrivals || self.hasBulk {
            // Sockets first: whoever publishes much has as much of the loop as everybody else together.
            self.turnNeeded(nextCycle: true)
        } else if self.turn.sessions.hasPrompt || self.turn.longPolls.hasPrompt {
            self.turnNeeded()
        }
    }

    private var hasBulk: Bool {
        self.outputs.hasBulk || self.turn.sessions.hasBulk || self.turn.longPolls.hasBulk
    }

    private var isHoldingTooMuch: Bool {
        self.arena.pieceCount > Self.maxPieces || self.arena.byteCount > Self.maxHeldOutput
    }

    private func answerPolls(until deadline: ContinuousClock.Instant?) {
        while let session = self.turn.sessions.nextPrompt() { session.endTurn() }
        while let client = self.turn.longPolls.nextPrompt() { client.endTurn() }
        guard let deadline else { return }
        while self.turn.sessions.hasBulk || self.turn.longPolls.hasBulk {
            for _ in 0..<Self.pollGrain { self.turn.sessions.nextBulk()?.endTurn() }
            for _ in 0..<Self.pollGrain { self.turn.longPolls.nextBulk()?.endTurn() }
            if ContinuousClock.now >= deadline { break }
        }
    }

    /// Writes to the connections: to all whose output is prompt, and to others until there is no time left.
    ///
    /// `nil`: to all.
    private func flushConnections(until deadline: ContinuousClock.Instant?) {
        self.flushPrompt()
        while self.outputs.hasBulk {
            self.outputs.sendBulk(
                self.arena, gather: self.gather, sender: &self.sender, sent: &self.counters.sentBytes)
            self.flushPrompt()
            if let deadline, ContinuousClock.now >= deadline { break }
        }
        guard !self.outputs.hasBulk else { return }
        self.outputs.endTurn()
        self.arena.removeAll()
    }

    private func flushPrompt() {
        // One after the other: a flush may close a connection, and that may send a last word to another one.
        while let unsettled = self.outputs.flush(
            self.arena, gather: self.gather, sender: &self.sender, sent: &self.counters.sentBytes)
        {
            unsettled.owner.flushTurn(unsettled.output, unsettled.attempt)
            self.relieveMemory()
        }
    }
}
