import HandlerContract
import Logging
import Outbox

/// The outbox's thread: takes what lies in the inbox, has the engine write it, and does what the engine says.
struct OutboxWorker {
    /// How long a delivery may stay unwritten: a crash within that time delivers it once more.
    private static let reportDelay: Duration = .milliseconds(20)
    /// So many unwritten reports are written at once.
    private static let reportLimit = 1_000
    /// How often it is tried whether a file that could not be written can be written again.
    private static let probeInterval: Duration = .milliseconds(250)
    /// How often figures that need a look into the file are brought up to date.
    private static let surveyInterval: Duration = .seconds(1)
    private static let pruneInterval: Duration = .seconds(3_600)

    var engine: OutboxEngine<SQLiteEventStore>
    let service: OutboxService
    let apply: @Sendable (HandlerAnswer, StoredEvent) -> Void
    /// Set when the process ends: to be called last.
    var ended: (() -> Void)?
    /// Nil: all is well.
    private var failingUntil: ContinuousClock.Instant?
    private var unwrittenSince: ContinuousClock.Instant?
    private var surveyDue = ContinuousClock.now
    private var pruneDue = ContinuousClock.now + Self.pruneInterval
    /// Senders that wait for the delivery of an event, by its position.
    private var held: [Int64: @Sendable () -> Void] = [:]

    init(
        engine: OutboxEngine<SQLiteEventStore>, service: OutboxService,
        apply: @escaping @Sendable (HandlerAnswer, StoredEvent) -> Void
    ) {
        self.engine = engine
        self.service = service
        self.apply = apply
    }

    mutating func run() {
        self.turn([])
        self.show()
        while true {
            let inbox = self.service.next(within: self.patience)
            for (report, stored) in inbox.reports { self.take(report, stored) }
            for request in inbox.requests { request(&self) }
            self.write(inbox.appends)
            for lane in inbox.endedLanes { self.engine.forget(lane: lane) }
            self.show()
            if let ended = self.ended {
                self.turn([])
                self.engine.store.close()
                return ended()
            }
            self.survey()
        }
    }

    private var patience: Duration {
        if self.failingUntil != nil { return Self.probeInterval }
        return self.engine.unwritten > 0 ? Self.reportDelay : Self.surveyInterval
    }

    // MARK: - How deliveries went

    private mutating func take(_ report: OutboxService.Report, _ stored: StoredEvent) {
        self.engine.report(report, of: stored)
        switch report {
        case .attempted: return
        case .died(_, let death):
            let key = OutboxFigures.DeathKey(handler: stored.event.handler, reason: death.reason)
            self.service.figures.withLock { $0.deaths[key, default: 0] += 1 }
        case .delivered, .suspended: break
        }
        self.held.removeValue(forKey: stored.position)?()
    }

    // MARK: - Writing

    private mutating func write(_ appends: [OutboxService.Pending]) {
        let now = ContinuousClock.now
        if let until = self.failingUntil, now < until {
            // Not tried again for every event: a disk that is full is not asked a thousand times a second.
            for pending in appends { self.refuse(pending, .unavailable) }
            return
        }
        if self.engine.unwritten > 0, self.unwrittenSince == nil { self.unwrittenSince = now }
        let isDue = self.unwrittenSince.map { $0 + Self.reportDelay <= now } ?? false
        guard
            !appends.isEmpty || isDue || self.failingUntil != nil || self.engine.unwritten >= Self.reportLimit
                || self.engine.wantsMore || self.ended != nil
        else { return }
        self.turn(appends)
    }

    private mutating func turn(_ appends: [OutboxService.Pending]) {
        let isProbe = self.failingUntil != nil
        let turn = self.engine.turn(appends: appends.map(\.event), probes: isProbe, now: self.service.now)
        self.unwrittenSince = nil
        if let failure = turn.failure {
            self.failed(failure)
        } else if isProbe {
            self.failingUntil = nil
            self.service.isWritable = true
            self.service.logger.notice("outbox: can be written again")
        }
        if turn.damaged > 0 {
            self.service.logger.error(
                "outbox: \(turn.damaged) events are damaged: they are dead letters with the reason \"damaged\"")
        }
        // Before anybody hears of it: who was acked finds the event counted.
        self.show()
        var stored: UInt64 = 0
        for (pending, result) in zip(appends, turn.results) {
            guard case .stored(let position, let isLaneFull) = result else {
                self.refuse(pending, result)
                continue
            }
            stored += 1
            pending.complete(result)
            if isLaneFull { self.held[position] = pending.release } else { pending.release() }
        }
        for event in turn.deliver { self.service.deliver(event, apply: self.apply) }
        self.service.figures.withLock { figures in
            figures.appended += stored
            figures.commits += turn.failure == nil ? 1 : 0
        }
    }

    /// Hands out what waited for a handler that was being replaced.
    func deliverWaiting() {
        for event in self.service.directory.withLock({ $0.takeWaiting() }) {
            self.service.deliver(event, apply: self.apply)
        }
    }

    private func show() {
        self.service.figures.withLock { figures in
            figures.pending = self.engine.census.pending
            figures.dead = self.engine.census.dead
            figures.loaded = self.engine.loaded
        }
    }

    private func refuse(_ pending: OutboxService.Pending, _ result: OutboxService.Appended) {
        self.service.figures.withLock { $0.refuse(result) }
        pending.complete(result)
        pending.release()
    }

    private mutating func failed(_ failure: StoreError) {
        if self.failingUntil == nil {
            var hint = "events are refused until it can be"
            if case .corrupt = failure { hint = "the next start moves it aside and keeps what is right in it" }
            self.service.logger.error("\(failure) (\(hint))")
        }
        self.failingUntil = .now + Self.probeInterval
        self.service.isWritable = false
    }

    // MARK: - Now and then

    private mutating func survey() {
        let now = ContinuousClock.now
        guard now >= self.surveyDue, self.failingUntil == nil else { return }
        self.surveyDue = now + Self.surveyInterval
        let oldest = try? self.engine.store.oldest()
        let bytes = try? self.engine.store.usedBytes()
        self.service.figures.withLock { figures in
            figures.oldest = oldest ?? nil
            figures.bytes = bytes ?? figures.bytes
        }
        guard now >= self.pruneDue else { return }
        self.pruneDue = now + Self.pruneInterval
        self.engine.forgetLanes(unusedSince: self.service.now - OutboxFile.laneMemory)
    }
}
