import HandlerContract
import Routing

extension HandlerDispatcher {
    /// Looks at lanes whose turn it is.
    mutating func proceed(_ now: Instant, _ turn: inout Turn) {
        var budget = Self.stepsPerTurn
        while budget > 0, let start = backlog.popLast() {
            budget -= 1
            begin(start, now, &turn)
        }
        turn.isIncomplete = !backlog.isEmpty
    }

    private mutating func begin(_ start: LaneScheduler<UInt64>.Start, _ now: Instant, _ turn: inout Turn) {
        guard var entry = entries[start.job] else { return finish(lane: start.lane) }
        guard now < entry.deadline else {
            expire(start.job, entry, &turn)
            return finish(lane: start.lane)
        }
        guard !disabledRoutes.contains(entry.job.input.route) else {
            return giveWay(start.job, entry, .gone, now, &turn)
        }
        switch breaker.admit(now: now) {
        case .allowed(let ticket):
            entry.attempts += 1
            entry.isRunning = true
            entries[start.job] = entry
            if entry.attempts > 1 { figures.countRetry() }
            turn.calls.append(
                HandlerAttempt(
                    id: start.job, job: entry.job, sequence: start.sequence, number: entry.attempts, begin: now,
                    deadline: min(entry.deadline, now + limits.callTimeout), breakerTicket: ticket))
        case .refused:
            entry.refusals += 1
            entries[start.job] = entry
            giveWay(start.job, entry, .temporary(.notConnected), now, &turn)
        }
    }

    /// No call is made: a CONNECT is held, everything else fails at once.
    private mutating func giveWay(
        _ id: UInt64, _ entry: Entry, _ outcome: Outcome, _ now: Instant, _ turn: inout Turn
    ) {
        guard entry.isConnect else {
            figures.count(route: entry.job.input.route, outcome: outcome)
            complete(id, Self.giveUp(entry, .unavailable), &turn)
            return finish(lane: entry.job.lane)
        }
        let decision = outcome.decision(
            for: purpose(of: entry, now), attempt: min(entry.refusals, Self.slowestRefusal), random: random())
        if case .retry(let pause) = decision {
            hold(id, entry, pause, &turn)
        } else {
            hold(id, entry, now.duration(to: entry.deadline), &turn)
        }
    }

    /// Draws the conclusion from a call of a job that is still of interest.
    mutating func conclude(
        _ id: UInt64, _ entry: Entry, _ result: CallResult, _ now: Instant, _ turn: inout Turn
    ) {
        var outcome = result.outcome
        // "Not now" is an answer for the statistics and a temporary failure for the client.
        if case .connect(.retry) = result.answer { outcome = .temporary(.status(503)) }
        let decision = outcome.decision(
            for: purpose(of: entry, now), attempt: entry.attempts, retryAfter: result.retryAfter, random: random())
        switch decision {
        case .answer:
            complete(id, result.answer ?? .done, &turn)
        case .refuse:
            complete(id, .connectRefused, &turn)
        case .clientError(let code):
            complete(id, .failed(ClientError(code)), &turn)
        case .drop, .deadLetter:
            complete(id, Self.giveUp(entry, .handlerError), &turn)
        case .retry(let pause):
            return hold(id, entry, pause, &turn)
        case .hold:
            return hold(id, entry, now.duration(to: entry.deadline), &turn)
        case .disableRoute:
            let route = entry.job.input.route
            if disabledRoutes.insert(route).inserted {
                turn.notices.append(.routeDisabled(route: route, eventID: entry.job.input.id))
            }
            if entry.isConnect { return hold(id, entry, now.duration(to: entry.deadline), &turn) }
            complete(id, Self.giveUp(entry, .unavailable), &turn)
        }
        finish(lane: entry.job.lane)
    }

    private func purpose(of entry: Entry, _ now: Instant) -> Outcome.Purpose {
        let remaining = now.duration(to: entry.deadline)
        if entry.isConnect { return .connect(remaining: remaining) }
        switch entry.job.mode {
        case .request: return .request(remaining: remaining, isIdempotent: entry.job.isIdempotent)
        // Nothing is stored here, so this is a request that may come twice.
        case .atLeastOnce: return .request(remaining: remaining, isIdempotent: true)
        case .atMostOnce: return .atMostOnce
        }
    }
}

extension HandlerDispatcher {
    private mutating func hold(_ id: UInt64, _ entry: Entry, _ pause: Duration, _ turn: inout Turn) {
        guard !(isDraining && entry.isConnect) else {
            complete(id, .connect(.retry), &turn)
            return finish(lane: entry.job.lane)
        }
        backlog += scheduler.blocked(lane: entry.job.lane, by: id).start
        turn.pauses.append((entry.job.lane, pause))
    }

    mutating func finish(lane: String) {
        backlog += scheduler.finished(lane: lane).start
        if endingLanes.contains(lane), scheduler.count(inLane: lane) == 0 {
            endingLanes.remove(lane)
            scheduler.forgetSequence(ofLane: lane)
        }
    }

    mutating func expire(_ id: UInt64, _ entry: Entry, _ turn: inout Turn) {
        figures.count(route: entry.job.input.route, outcome: .temporary(.timeout(requestBegun: false)))
        complete(id, Self.giveUp(entry, entry.attempts > 0 ? .unavailable : .timeout), &turn)
    }

    mutating func complete(_ id: UInt64, _ result: HandlerResult, _ turn: inout Turn) {
        guard let entry = entries.removeValue(forKey: id), !entry.isCompleted else { return }
        turn.completions.append((entry.job.complete, result))
    }

    /// A client that wants to connect is to come back; another one gets the error.
    static func giveUp(_ entry: Entry, _ code: ClientError.Code) -> HandlerResult {
        if entry.isConnect { return .connect(.retry) }
        return entry.job.mode == .atMostOnce ? .done : .failed(ClientError(code))
    }

    /// What a call means for the circuit breaker, the figures and the log.
    mutating func report(_ attempt: HandlerAttempt, _ result: CallResult, _ now: Instant, _ turn: inout Turn) {
        let route = attempt.job.input.route
        let before = breaker.state(now: now)
        let verdict: CircuitBreaker.Result =
            result.isAbandoned ? .abandoned : result.outcome.isFailure ? .failure : .success
        if breaker.record(verdict, of: attempt.breakerTicket, now: now), !result.isAbandoned {
            let after = breaker.state(now: now)
            if after == .closed { turn.notices.append(.breakerClosed) }
            if after == .open, before == .closed { turn.notices.append(.breakerOpened) }
        }
        guard !result.isAbandoned else { return }
        figures.count(route: route, outcome: result.outcome)
        figures.observe(route: route, duration: attempt.begin.duration(to: now))
        switch result.outcome {
        case .success, .denied, .gone: return
        case .invalidAnswer, .rejected, .temporary, .unexpected: break
        }
        let label = result.outcome.label
        guard let suppressed = failures.report(label, now: now) else { return }
        turn.notices.append(
            .failure(
                route: route, eventID: attempt.job.input.id, outcome: label, problem: result.problem,
                suppressed: suppressed))
    }
}
