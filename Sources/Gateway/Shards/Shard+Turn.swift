import EpollLoop

/// Who has something to do when the turn of a shard ends, and what of it may take several turns.
struct Turn {
    /// Ends a turn; set once.
    var end: (@Sendable () -> Void)?
    fileprivate var isScheduled = false
    fileprivate var pace = DeliveryPace()
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
    func delivering(_ broadcast: Broadcast, to receivers: Int, _ body: () -> Void) {
        guard self.turn.pace.urgency(of: broadcast.contentBytes, to: receivers) == .bulk else { return body() }
        let before = self.arena.byteCount
        self.outputs.urgency = .bulk
        body()
        self.outputs.urgency = .prompt
        self.turn.pace.added(bulk: self.arena.byteCount - before)
    }

    /// Whether more of what the bus brings may be delivered before the rest of what was has been sent.
    var hasRoomForArrivals: Bool {
        self.turn.pace.hasRoom(
            pieces: self.arena.pieceCount, hasBulk: self.hasBulk, limit: self.limits.outputSoft)
    }

    /// Serves everything that asked for a turn.
    func endTurn() {
        if self.isHoldingTooMuch { self.flushEverything() }
        self.applyArrivals()
        let deadline: ContinuousClock.Instant? = self.hasBulk ? .now + Self.bulkTime : nil
        self.answerPolls(until: deadline)
        self.turnText.removeAll()
        self.flushConnections(until: deadline)
        self.turn.pace.turnEnded(hasBulk: self.hasBulk)
        // Only now: everything above may ask for a turn, and this one serves it.
        self.turn.isScheduled = false
        if self.hasArrivals || self.hasWaiters || self.hasBulk {
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
        self.arena.pieceCount > DeliveryPace.maxPieces || self.arena.byteCount > Self.maxHeldOutput
    }

    /// Answers the open polls: all that are prompt, and others until there is no time left.
    ///
    /// Answering one may end it, and that may say something to another one, whose message is in ``turnText``: none that is
    /// prompt may be left.
    private func answerPolls(until deadline: ContinuousClock.Instant?) {
        self.answerPromptPolls()
        guard let deadline else { return }
        while self.turn.sessions.hasBulk || self.turn.longPolls.hasBulk {
            for _ in 0..<Self.pollGrain { self.turn.sessions.next()?.endTurn() }
            for _ in 0..<Self.pollGrain { self.turn.longPolls.next()?.endTurn() }
            self.answerPromptPolls()
            if ContinuousClock.now >= deadline { break }
        }
    }

    private func answerPromptPolls() {
        // Those of one kind may have something for those of the other.
        while self.turn.sessions.hasPrompt || self.turn.longPolls.hasPrompt {
            while let session = self.turn.sessions.nextPrompt() { session.endTurn() }
            while let client = self.turn.longPolls.nextPrompt() { client.endTurn() }
        }
    }

    /// Writes to the connections: to all whose output is prompt, and to others until there is no time left.
    ///
    /// `deadline`: `nil` when there was no bulk; but a connection that ends may have something of the bus applied.
    private func flushConnections(until deadline: ContinuousClock.Instant?) {
        self.flushPrompt()
        if self.outputs.hasBulk {
            let deadline = deadline ?? .now + Self.bulkTime
            repeat { self.sendBulk() } while self.outputs.hasBulk && ContinuousClock.now < deadline
        }
        if !self.outputs.hasBulk { self.outputsSent() }
    }

    private func flushEverything() {
        self.flushPrompt()
        while self.outputs.hasBulk { self.sendBulk() }
        self.outputsSent()
    }

    private func outputsSent() {
        self.outputs.endTurn()
        self.arena.removeAll()
    }

    private func sendBulk() {
        self.outputs.sendBulk(self.arena, gather: self.gather, sender: &self.sender, sent: &self.counters.sentBytes)
        self.flushPrompt()
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
