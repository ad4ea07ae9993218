import HandlerContract
import Routing

/// Events of one route that are going to be one request.
///
/// A lane that gathers is in flight, and stays so until the request has ended: its order is kept by that.
struct Gathering: Sendable {
    let limits: BatchLimits
    var lanes: [Lane] = []
    /// Events, and what they weigh.
    var count = 0
    var bytes = 0

    struct Lane: Sendable {
        var name: String
        var jobs: [(id: UInt64, sequence: UInt64)]
    }

    var isFull: Bool { self.count >= self.limits.max || self.bytes >= BatchLimits.maxBytes }

    func hasRoom(for weight: Int) -> Bool {
        self.count == 0 || (self.count < self.limits.max && self.bytes + weight <= BatchLimits.maxBytes)
    }
}

/// Calls for several events.
///
/// Each event has its own result. In a lane, the first one that is to be tried again ends the batch: what comes behind it
/// counts as not sent, whatever the handler said about it. When a call fails as a whole, its events go one by one, so
/// that one bad event is found and does not take the others along.
extension HandlerDispatcher {
    private static let gatheringPrefix = "\u{0}batch "

    /// The name under which the pause of a gathering ends; no lane has it.
    private static func name(ofGathering route: String) -> String { gatheringPrefix + route }

    static func route(ofGathering name: String) -> String? {
        name.hasPrefix(gatheringPrefix) ? String(name.dropFirst(gatheringPrefix.count)) : nil
    }

    /// A lane whose next event goes with others.
    mutating func gather(
        _ start: LaneScheduler<UInt64>.Start, _ entry: Entry, _ limits: BatchLimits, _ now: Instant, _ turn: inout Turn
    ) {
        let route = entry.job.input.route
        let weight = entry.job.input.content.weight
        entries[start.job]?.isRunning = true
        backlog += scheduler.gathers(lane: start.lane).start
        let lane = Gathering.Lane(name: start.lane, jobs: [(start.job, start.sequence)])
        guard !entry.goesAlone else {
            readyGatherings.append(
                Gathering(limits: BatchLimits(max: 1, linger: .zero), lanes: [lane], count: 1, bytes: weight))
            return
        }
        if gatherings[route]?.hasRoom(for: weight) == false { close(gathering: route, now, &turn) }
        var gathering = gatherings.removeValue(forKey: route) ?? Gathering(limits: limits)
        let isFirst = gathering.count == 0
        gathering.lanes.append(lane)
        gathering.count += 1
        gathering.bytes += weight
        extend(&gathering, now)
        if gathering.isFull || limits.linger <= .zero || isDraining {
            readyGatherings.append(gathering)
        } else {
            gatherings[route] = gathering
            if isFirst { turn.pauses.append((Self.name(ofGathering: route), limits.linger)) }
        }
    }

    /// The events of a route have waited for others long enough.
    mutating func close(gathering route: String, _ now: Instant, _ turn: inout Turn) {
        guard let gathering = gatherings.removeValue(forKey: route) else { return }
        readyGatherings.append(gathering)
    }

    /// What has come behind the events of the lanes goes along.
    private mutating func extend(_ gathering: inout Gathering, _ now: Instant) {
        for index in gathering.lanes.indices where !gathering.isFull {
            let lane = gathering.lanes[index]
            guard let first = lane.jobs.first.flatMap({ entries[$0.id] }) else { continue }
            var bytes = gathering.bytes
            let more = scheduler.extend(lane: lane.name, limit: gathering.limits.max - gathering.count) { id in
                guard let entry = entries[id], entry.job.input.route == first.job.input.route,
                    entry.job.batch == first.job.batch, !entry.goesAlone, now < entry.deadline,
                    (entry.job.stored?.notBefore).map({ $0 <= now }) ?? true
                else { return false }
                let weight = entry.job.input.content.weight
                guard bytes + weight <= BatchLimits.maxBytes else { return false }
                bytes += weight
                return true
            }
            for start in more {
                entries[start.job]?.isRunning = true
                gathering.lanes[index].jobs.append((start.job, start.sequence))
            }
            gathering.count += more.count
            gathering.bytes = bytes
        }
    }

    /// Calls for those that have waited, as far as there are places.
    mutating func beginGatherings(_ now: Instant, _ turn: inout Turn) {
        while !readyGatherings.isEmpty, scheduler.beginBatch() {
            var gathering = readyGatherings.removeFirst()
            extend(&gathering, now)
            begin(gathering, now, &turn)
        }
        backlog += scheduler.reserve(readyGatherings.count).start
    }

    private mutating func begin(_ gathering: Gathering, _ now: Instant, _ turn: inout Turn) {
        var lanes: [[HandlerAttempt]] = []
        switch breaker.admit(now: now) {
        case .allowed(let ticket):
            for lane in gathering.lanes {
                var attempts: [HandlerAttempt] = []
                for (id, sequence) in lane.jobs {
                    // Only when all of them were given up meanwhile.
                    guard var entry = entries[id] else { continue }
                    attempts.append(attempt(id, &entry, sequence, ticket, now))
                    entries[id] = entry
                    if entry.allAttempts > 1 { figures.countRetry() }
                }
                if !attempts.isEmpty { lanes.append(attempts) }
            }
            guard let deadline = lanes.joined().map(\.deadline).max() else {
                _ = breaker.record(.abandoned, of: ticket, now: now)
                backlog += scheduler.endBatch().start
                return
            }
            turn.batches.append(BatchAttempt(lanes: lanes, begin: now, deadline: deadline))
        case .refused(let until):
            backlog += scheduler.endBatch().start
            for lane in gathering.lanes { refuse(lane, now.duration(to: until), &turn) }
        }
    }

    /// The circuit breaker says no: stored events wait for it, others are gone.
    private mutating func refuse(_ lane: Gathering.Lane, _ pause: Duration, _ turn: inout Turn) {
        let isStored = lane.jobs.contains { entries[$0.id]?.isStored ?? false }
        for (id, _) in lane.jobs { entries[id]?.isRunning = false }
        guard isStored, !isDraining else {
            for (id, _) in lane.jobs {
                guard let entry = entries[id] else { continue }
                if !entry.isStored { figures.count(route: entry.job.input.route, outcome: .temporary(.notConnected)) }
                end(id, Self.giveUp(entry, .unavailable), &turn)
            }
            return
        }
        backlog += scheduler.blocked(lane: lane.name).start
        gated.append(lane.name)
        armGate(pause, &turn)
    }

    /// A call for several events has ended.
    mutating func ended(_ batch: BatchAttempt, _ result: BatchResult, now: Instant) -> Turn {
        var turn = Turn()
        backlog += scheduler.endBatch().start
        let attempts = batch.attempts
        if let first = attempts.first { report(first, result.call, now, &turn) }
        let isShared = attempts.count > 1 && result.each == nil && result.call.outcome != .success
        var results = (result.each ?? Array(repeating: result.call, count: attempts.count))[...]
        for lane in batch.lanes {
            conclude(lane, results.prefix(lane.count), isShared: isShared, tells: result.each != nil, now, &turn)
            results = results.dropFirst(lane.count)
        }
        proceed(now, &turn)
        return turn
    }

    /// - Parameters:
    ///   - isShared: the results are one, and not about these events alone.
    ///   - tells: the log knows nothing of the results yet.
    private mutating func conclude(
        _ lane: [HandlerAttempt], _ results: ArraySlice<CallResult>, isShared: Bool, tells: Bool, _ now: Instant,
        _ turn: inout Turn
    ) {
        var finishes = 0
        var hasStopped = false
        for (attempt, result) in zip(lane, results) {
            guard var entry = entries[attempt.id] else {
                finish(lane: attempt.job.waitingLane)
                continue
            }
            entry.isRunning = false
            // Nobody has seen a connection that was not made.
            if isShared, !result.outcome.isUntouched, !result.isAbandoned { entry.goesAlone = true }
            if hasStopped { entry.attempts -= 1 }
            entries[attempt.id] = entry
            if hasStopped {
                if isDraining, entry.isStored { end(attempt.id, .kept, &turn) }
                continue
            }
            if tells, result.outcome != .success { tell(result, of: attempt, now, &turn) }
            if isShared, entry.isStored, !result.outcome.isFailure, result.outcome != .gone {
                hold(attempt.id, entry, .zero, finishes: finishes, &turn)
            } else {
                conclude(attempt.id, entry, result, finishes: finishes, now, &turn)
            }
            // What is neither given up nor done stays, as does what the next process is to do.
            hasStopped = entries[attempt.id] != nil || (isDraining && entry.isStored && result.outcome != .success)
            finishes += 1
        }
    }
}
