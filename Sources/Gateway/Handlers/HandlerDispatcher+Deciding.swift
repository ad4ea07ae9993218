import HandlerContract
import Routing

extension HandlerDispatcher {
    /// Looks at lanes whose turn it is.
    mutating func proceed(_ now: Instant, _ turn: inout Turn) {
        // Ends soon: what starts takes one of the places for calls, and gives it back by `release` only.
        while let start = backlog.popLast() { begin(start, now, &turn) }
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
            return giveWay(start.job, entry, .gone, now, &turn)
        }
        if let notBefore = entry.job.stored?.notBefore, now < notBefore {
            return hold(start.job, entry, now.duration(to: notBefore), &turn)
        }
        switch breaker.admit(now: now) {
        case .allowed(let ticket):
            entry.attempts += 1
            entry.isRunning = true
            entries[start.job] = entry
            if entry.allAttempts > 1 { figures.countRetry() }
            let timeout = entry.isStored ? min(limits.callTimeout, entry.job.timeout) : limits.callTimeout
            turn.calls.append(
                HandlerAttempt(
                    id: start.job, job: entry.job, sequence: start.sequence, number: entry.allAttempts, begin: now,
                    deadline: min(entry.deadline, now + timeout), breakerTicket: ticket))
        case .refused(let until) where entry.isStored:
            backlog += scheduler.blocked(lane: start.lane, by: start.job).start
            gated.append(start.lane)
            armGate(now.duration(to: until), &turn)
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
    mutating func conclude(
        _ id: UInt64, _ entry: Entry, _ result: CallResult, _ now: Instant, _ turn: inout Turn
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
            hold(id, entry, pause, &turn)
        case .answer:
            end(id, result.answer ?? .done, &turn)
        case .refuse:
            end(id, .connectRefused, &turn)
        case .clientError(let code):
            end(id, .failed(ClientError(code)), &turn)
        case .drop, .deadLetter:
            end(id, Self.giveUp(entry, .handlerError), &turn)
        case .retry(let pause):
            hold(id, entry, pause, &turn)
        case .hold:
            hold(id, entry, now.duration(to: entry.deadline), &turn)
        case .disableRoute:
            let route = entry.job.input.route
            if disabledRoutes.insert(route).inserted {
                turn.notices.append(.routeDisabled(route: route, eventID: entry.job.input.id))
            }
            guard !entry.isStored else { return end(id, .suspended, &turn) }
            guard entry.isConnect else { return end(id, Self.giveUp(entry, .unavailable), &turn) }
            hold(id, entry, now.duration(to: entry.deadline), &turn)
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
    private mutating func hold(_ id: UInt64, _ entry: Entry, _ pause: Duration, _ turn: inout Turn) {
        guard !(isDraining && entry.isConnect) else { return end(id, .connect(.retry), &turn) }
        guard !(isDraining && entry.isStored) else { return end(id, .kept, &turn) }
        backlog += scheduler.blocked(lane: entry.job.waitingLane, by: id).start
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

    private mutating func armGate(_ pause: Duration, _ turn: inout Turn) {
        guard !isGateArmed else { return }
        isGateArmed = true
        turn.pauses.append((Self.gate, max(pause, .milliseconds(1))))
    }

    /// The job whose turn it was is done; its lane goes on when that has been told.
    private mutating func end(_ id: UInt64, _ result: HandlerResult, _ turn: inout Turn) {
        if let lane = entries[id]?.job.waitingLane { turn.finishedLanes.append(lane) }
        complete(id, result, &turn)
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
        guard let entry = entries.removeValue(forKey: id) else { return }
        if entry.isStored { storedCount -= 1 }
        guard !entry.isCompleted else { return }
        turn.completions.append((entry.job.complete, result))
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
        let label = result.outcome.label
        guard let suppressed = failures.report(label, now: now) else { return }
        turn.notices.append(
            .failure(
                route: route, eventID: attempt.job.input.id, outcome: label, problem: result.problem,
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
