import Bus
import HandlerContract
import Routing

extension HandlerDispatcher {
    /// Looks at lanes whose turn it is.
    mutating func proceed(_ now: Instant, _ turn: inout Turn) {
        // Ends soon: what starts takes one of the places for calls, and gives it back by `release` only.
        while true {
            beginGatherings(now, &turn)
            guard let start = backlog.popLast() else { return }
            begin(start, now, &turn)
        }
    }

    private mutating func begin(_ start: LaneScheduler<UInt64>.Start, _ now: Instant, _ turn: inout Turn) {
        guard var entry = entries[start.job] else { return finish(lane: start.lane) }
        guard now < entry.deadline else {
            expire(start.job, entry, &turn)
            turn.finishedLanes.append(start.lane)
            return
        }
        guard !disabledRoutes.contains(entry.job.input.route) else {
            guard !entry.isStored else { return end(start.job, .suspended, &turn) }
            if entry.isConnect { lanesOfDisabled.insert(ExactName(start.lane)) }
            return giveWay(start.job, entry, .gone, now, &turn)
        }
        if let notBefore = entry.job.stored?.notBefore, now < notBefore {
            return hold(start.job, entry, now.duration(to: notBefore), &turn)
        }
        if let limits = entry.job.batch { return gather(start, entry, limits, now, &turn) }
        switch breaker.admit(now: now) {
        case .allowed(let ticket):
            let attempt = attempt(start.job, &entry, start.sequence, ticket, now)
            entries[start.job] = entry
            if attempt.number > 1 { figures.countRetry() }
            turn.calls.append(attempt)
        case .refused(let until) where entry.isStored:
            backlog += scheduler.blocked(lane: start.lane).start
            gated.append(start.lane)
            armGate(now.duration(to: until), &turn)
        case .refused:
            entry.refusals += 1
            entries[start.job] = entry
            giveWay(start.job, entry, .temporary(.notConnected), now, &turn)
        }
    }

    /// Notes that a call is made.
    func attempt(
        _ id: UInt64, _ entry: inout Entry, _ sequence: UInt64, _ ticket: CircuitBreaker.Ticket, _ now: Instant
    ) -> HandlerAttempt {
        entry.attempts += 1
        entry.isRunning = true
        let timeout = entry.isStored ? min(limits.callTimeout, entry.job.timeout) : limits.callTimeout
        return HandlerAttempt(
            id: id, job: entry.job, sequence: sequence, number: entry.allAttempts, begin: now,
            deadline: min(entry.deadline, now + timeout), breakerTicket: ticket)
    }

    /// No call is made: a CONNECT is held, everything else fails at once.
    private mutating func giveWay(
        _ id: UInt64, _ entry: Entry, _ outcome: Outcome, _ now: Instant, _ turn: inout Turn
    ) {
        guard entry.isConnect else {
            figures.count(route: entry.job.input.route, outcome: outcome)
            return end(id, Self.giveUp(entry, .unavailable), &turn)
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
    ///
    /// - Parameter finishes: jobs before it in its lane that end with this turn.
    mutating func conclude(
        _ id: UInt64, _ entry: Entry, _ result: CallResult, finishes: Int = 0, _ now: Instant, _ turn: inout Turn
    ) {
        var outcome = result.outcome
        // "Not now" is an answer for the statistics and a temporary failure for the client.
        if case .connect(.retry) = result.answer { outcome = .temporary(.status(503)) }
        let decision = outcome.decision(
            for: purpose(of: entry, now), attempt: entry.allAttempts, retryAfter: result.retryAfter, random: random())
        switch decision {
        case .deadLetter(let reason) where entry.isStored:
            let cause = DeadLetterCause(
                reason: reason, attempts: entry.allAttempts, status: result.status, problem: result.problem,
                response: result.excerpt)
            end(id, .deadLetter(cause), &turn)
        case .retry(let pause) where entry.isStored:
            if let stored = entry.job.stored { turn.attempted.append((stored.attempted, entry.allAttempts, pause)) }
            hold(id, entry, pause, finishes: finishes, &turn)
        case .answer:
            end(id, result.answer ?? .done, &turn)
        case .refuse:
            end(id, .connectRefused, &turn)
        case .clientError(let code):
            end(id, .failed(ClientError(code)), &turn)
        case .drop, .deadLetter:
            end(id, Self.giveUp(entry, .handlerError), &turn)
        case .retry(let pause):
            hold(id, entry, pause, finishes: finishes, &turn)
        case .hold:
            hold(id, entry, now.duration(to: entry.deadline), finishes: finishes, &turn)
        case .disableRoute:
            let route = entry.job.input.route
            if disabledRoutes.insert(route).inserted {
                turn.notices.append(.routeDisabled(route: route, eventID: entry.job.input.id))
            }
            guard !entry.isStored else { return end(id, .suspended, &turn) }
            guard entry.isConnect else { return end(id, Self.giveUp(entry, .unavailable), &turn) }
            lanesOfDisabled.insert(ExactName(entry.job.waitingLane))
            hold(id, entry, now.duration(to: entry.deadline), finishes: finishes, &turn)
        }
    }

    private func purpose(of entry: Entry, _ now: Instant) -> Outcome.Purpose {
        let remaining = now.duration(to: entry.deadline)
        if entry.isConnect { return .connect(remaining: remaining) }
        if let stored = entry.job.stored {
            return .atLeastOnce(age: stored.since.duration(to: now), policy: stored.policy)
        }
        switch entry.job.mode {
        case .request: return .request(remaining: remaining, isIdempotent: entry.job.isIdempotent)
        // Nothing is stored here, so this is a request that may come twice.
        case .atLeastOnce: return .request(remaining: remaining, isIdempotent: true)
        case .atMostOnce: return .atMostOnce
        }
    }
}

extension HandlerDispatcher {
    mutating func hold(
        _ id: UInt64, _ entry: Entry, _ pause: Duration, finishes: Int = 0, _ turn: inout Turn
    ) {
        guard !(isDraining && entry.isConnect) else { return end(id, .connect(.retry), &turn) }
        guard !(isDraining && entry.isStored) else { return end(id, .kept, &turn) }
        guard finishes == 0 else {
            stops[ExactName(entry.job.waitingLane)] = pause
            return
        }
        backlog += scheduler.blocked(lane: entry.job.waitingLane).start
        turn.pauses.append((entry.job.waitingLane, pause))
    }

    /// One stored lane asks the circuit breaker again, or all of them go on.
    mutating func openGate(_ now: Instant, _ turn: inout Turn) {
        isGateArmed = false
        guard !gated.isEmpty else { return }
        guard breaker.state(now: now) != .closed else { return openGateWide() }
        backlog += scheduler.unblocked(lane: gated.removeFirst()).start
        // Should the probe get lost, there is another one.
        if !gated.isEmpty { armGate(limits.breaker.openFor, &turn) }
    }

    mutating func openGateWide() {
        for lane in gated { backlog += scheduler.unblocked(lane: lane).start }
        gated = []
    }

    mutating func armGate(_ pause: Duration, _ turn: inout Turn) {
        guard !isGateArmed else { return }
        isGateArmed = true
        turn.pauses.append((Self.gate, max(pause, .milliseconds(1))))
    }

    /// The job whose turn it was is done; its lane goes on when that has been told.
    mutating func end(_ id: UInt64, _ result: HandlerResult, _ turn: inout Turn) {
        if let lane = entries[id]?.job.waitingLane { turn.finishedLanes.append(lane) }
        complete(id, result, &turn)
    }

    mutating func finish(lane: String) {
        backlog += scheduler.finished(lane: lane).start
        let name = ExactName(lane)
        if endingLanes.contains(name), scheduler.count(inLane: lane) == 0 {
            endingLanes.remove(name)
            scheduler.forgetSequence(ofLane: lane)
        }
    }

    mutating func expire(_ id: UInt64, _ entry: Entry, _ turn: inout Turn) {
        figures.count(route: entry.job.input.route, outcome: .temporary(.timeout(requestBegun: false)))
        complete(id, Self.giveUp(entry, entry.attempts > 0 ? .unavailable : .timeout), &turn)
    }

    mutating func complete(_ id: UInt64, _ result: HandlerResult, _ turn: inout Turn) {
        guard let entry = entries.removeValue(forKey: id) else { return }
        if entry.isStored { storedCount -= 1 }
        handedOver -= entry.handedOver
        guard !entry.isCompleted else { return }
        // Whether it is told sooner or later: nobody hears what became of it.
        turn.completions.append((entry.job.complete, entry.job.mode == .atMostOnce ? .done : result))
    }

    /// A client that wants to connect is to come back; another one gets the error.
    static func giveUp(_ entry: Entry, _ code: ClientError.Code) -> HandlerResult {
        if entry.isConnect { return .connect(.retry) }
        if entry.isStored { return .kept }
        return entry.job.mode == .atMostOnce ? .done : .failed(ClientError(code))
    }

    /// What a call means for the circuit breaker, the figures and the log.
    mutating func report(_ attempt: HandlerAttempt, _ result: CallResult, _ now: Instant, _ turn: inout Turn) {
        let route = attempt.job.input.route
        let before = breaker.state(now: now)
        let verdict = verdict(on: attempt, result)
        if breaker.record(verdict, of: attempt.breakerTicket, now: now), verdict != .abandoned {
            let after = breaker.state(now: now)
            if after == .closed {
                turn.notices.append(.breakerClosed)
                openGateWide()
            }
            if after == .open, before == .closed { turn.notices.append(.breakerOpened) }
        }
        guard !result.isAbandoned else { return }
        figures.count(route: route, outcome: result.outcome)
        if result.isCertificateRefused { figures.countCertificateRefusal() }
        figures.observe(route: route, duration: attempt.begin.duration(to: now))
        switch result.outcome {
        case .success, .denied, .gone: return
        case .invalidAnswer, .rejected, .temporary, .unexpected: break
        }
        tell(result, of: attempt, now, &turn)
    }

    /// What brought nothing usable is in the log, now and then.
    mutating func tell(_ result: CallResult, of attempt: HandlerAttempt, _ now: Instant, _ turn: inout Turn) {
        let label = result.outcome.label
        guard let suppressed = failures.report(label, now: now) else { return }
        turn.notices.append(
            .failure(
                route: attempt.job.input.route, eventID: attempt.job.input.id, outcome: label, problem: result.problem,
                suppressed: suppressed))
    }

    private func verdict(on attempt: HandlerAttempt, _ result: CallResult) -> CircuitBreaker.Result {
        if result.isAbandoned { return .abandoned }
        if case .temporary(.timeout) = result.outcome {
            // A call that had little time left, because its event had waited, says nothing about the handler.
            let usual = min(limits.callTimeout, attempt.job.timeout)
            if attempt.begin.duration(to: attempt.deadline) < usual / 4 { return .abandoned }
        }
        return result.outcome.isFailure ? .failure : .success
    }
}
