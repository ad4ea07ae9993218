import Logging

/// The way out: announce it, close clients at a pace that the others can take, finish what is in flight, end.
///
/// The delay and the window are waited for only while somebody is connected, so a gateway without clients ends at once.
extension GatewayControl {
    /// How often a phase looks whether it is over.
    private static let pace: Duration = .milliseconds(20)
    /// How long clients that poll may take to fetch the packet that closes them.
    private static let lastPoll: Duration = .seconds(1)
    /// How long connections may take to go once they have been told.
    private static let grace: Duration = .seconds(3)

    /// How a drain stands.
    struct DrainStatus: Sendable {
        var stage: DrainStage
        var connections: Int
        var sessions: Int
        /// Clients that have not been closed yet by the plan.
        var remaining: Int
    }

    func drainStatus() async -> DrainStatus {
        let (connections, sessions) = await self.population()
        return DrainStatus(
            stage: self.core.drainStage, connections: connections, sessions: sessions, remaining: self.drainsRemaining)
    }

    /// Empties the gateway without ending it: listeners stay bound, and who comes is answered with 503.
    func startDrain() {
        guard self.drain == nil, self.core.drainStage == .serving else { return }
        self.begin()
    }

    /// Serves again, whatever phase the drain is in; who has been closed stays closed.
    ///
    /// Returns `false` when the process is about to end, which nothing takes back.
    func takeBackDrain() async -> Bool {
        guard self.exit == nil else { return false }
        guard self.core.drainStage != .serving else { return true }
        self.isTakenBack = true
        await self.drain?.value
        // A signal may have come meanwhile.
        guard self.exit == nil else { return false }
        self.drain = nil
        self.isTakenBack = false
        self.core.drainStage = .serving
        self.logger.notice("drain taken back: serving again")
        self.notifier.send(.status(self.statusLine))
        return true
    }

    /// A signal asks the process to end; the second one does not wait for clients any more.
    func stop(_ urgency: DrainTimetable.Urgency) {
        if self.exit != nil {
            self.logger.notice("asked to stop once more: no more waiting for clients")
            self.exit = .flush
            return
        }
        self.exit = urgency
        self.exitAsked = .now
        self.notifier.send(.stopping, .status("draining"))
        if self.drain == nil { self.begin() }
        self.exitWaiter?.resume()
        self.exitWaiter = nil
    }

    /// Returns when a signal has asked the process to end.
    func exitRequested() async {
        guard self.exit == nil else { return }
        await withCheckedContinuation { self.exitWaiter = $0 }
    }

    private func begin() {
        self.core.drainStage = .announced
        self.drain = Task { await self.goThroughPhases() }
    }

    // MARK: - Phases

    private func goThroughPhases() async {
        let table = DrainTimetable(self.core.configuration.drain, urgency: .paced)
        let began = ContinuousClock.now
        self.logger.notice(
            "draining",
            metadata: [
                "delay": "\(table.delay)", "window": "\(table.window)", "ends": "\(self.exit != nil)",
            ])
        while began.duration(to: .now) < table.delay, !self.isHurried, !self.isTakenBack {
            guard await self.population() != (0, 0) else { break }
            try? await Task.sleep(for: Self.pace)
        }
        guard !self.isTakenBack else { return }
        self.core.drainStage = .closing
        await self.closeClientListeners()
        await self.closeClients(over: table.window)
        guard !self.isTakenBack else { return }
        self.core.drainStage = .drained
    }

    /// Nobody is to be waited for any more: a quick stop, a second signal, or not enough time left.
    private var isHurried: Bool {
        guard let exit = self.exit, let asked = self.exitAsked else { return false }
        let table = DrainTimetable(self.core.configuration.drain, urgency: exit)
        return exit > .paced || asked.duration(to: .now) >= table.hardStop - table.flush
    }

    private func closeClientListeners() async {
        if self.exit != nil { await self.closeListeners(.clients) }
    }

    private func closeListeners(_ audience: ListenerContext.Audience) async {
        for socket in self.listeners.remove(audience) { await socket.close() }
    }

    private func closeClients(over window: Duration) async {
        var members: [DrainMember] = []
        for shard in self.core.shards { members += (try? await shard.submit { $0.drainMembers }) ?? [] }
        var random = SystemRandomNumberGenerator()
        var plan = DrainPlan(members, over: window, using: &random)
        let began = ContinuousClock.now
        self.drainsRemaining = plan.remaining
        defer { self.drainsRemaining = 0 }
        while let due = plan.nextDue, !self.isTakenBack {
            // A signal may turn a drain that was asked for by the API into the end.
            await self.closeClientListeners()
            self.close(self.isHurried ? plan.takeAll() : plan.take(elapsed: began.duration(to: .now)))
            self.drainsRemaining = plan.remaining
            guard await self.population() != (0, 0) else { break }
            let rest = due - began.duration(to: .now)
            if rest > .zero { try? await Task.sleep(for: min(rest, Self.pace)) }
        }
    }

    private func close(_ members: ArraySlice<DrainMember>) {
        guard !members.isEmpty else { return }
        let byShard = Dictionary(grouping: members, by: \.shard)
        for (index, members) in byShard {
            self.core.shards[index].execute { shard in
                for member in members { shard.close(member) }
            }
        }
    }

    /// Connections of clients, and sessions, on all shards.
    private func population() async -> (connections: Int, sessions: Int) {
        var sum = (connections: 0, sessions: 0)
        for shard in self.core.shards {
            let part = (try? await shard.submit { ($0.clientConnectionCount, $0.sessions.count) }) ?? (0, 0)
            sum.connections += part.0
            sum.sessions += part.1
        }
        return sum
    }

    // MARK: - The end

    /// Everything from the last phase of the drain to the end of the process.
    ///
    /// - Parameter steps: done one after the other, when no client is left and before the admin listener goes.
    func finish(_ steps: [ExitStep]) async {
        let table = DrainTimetable(self.core.configuration.drain, urgency: .flush)
        let asked = self.exitAsked ?? .now
        let hardStop = asked + table.hardStop
        let flushBegins = hardStop - table.flush
        // A loop that does not answer must not keep the steps from their time.
        let farewell = ExitStep(name: "closing clients") { _ in await self.closeEverybody(by: flushBegins) }
        await ExitStep.run([farewell], by: flushBegins, hardStop: hardStop, logger: self.logger)
        await ExitStep.run(steps, by: .now + table.flush, hardStop: hardStop, logger: self.logger)
        await self.closeListeners(.operators)
        for shard in self.core.shards { try? await shard.submit { $0.closeIdleConnections(.operators) } }
        self.stopFetching()
        self.logger.notice("stopped")
    }

    /// Everybody is sent away: who is still there after the drain, and whoever it did not know of.
    private func closeEverybody(by deadline: ContinuousClock.Instant) async {
        await self.drain?.value
        await self.closeClientListeners()
        self.core.drainStage = .stopping
        self.logger.notice("stopping")
        // Whoever the plan did not know of, and everybody when there was no time for it.
        for shard in self.core.shards { try? await shard.submit { $0.closeSessions() } }
        await self.wait(Self.lastPoll, until: deadline) { await self.population().sessions == 0 }
        for shard in self.core.shards { try? await shard.submit { $0.closeIdleConnections(.clients) } }
        await self.wait(Self.grace, until: deadline) { await self.population().connections == 0 }
    }

    private func wait(
        _ limit: Duration, until deadline: ContinuousClock.Instant, for condition: () async -> Bool
    ) async {
        let end = min(ContinuousClock.now + limit, deadline)
        while ContinuousClock.now < end, self.exit != .flush {
            if await condition() { return }
            try? await Task.sleep(for: Self.pace)
        }
    }
}

/// Somebody whom a drain closes.
enum DrainMember: Sendable {
    case session(SessionID)
    case plainClient(SessionID)

    /// Where it lives.
    var shard: Int {
        switch self {
        case .session(let id), .plainClient(let id): id.shard
        }
    }
}
