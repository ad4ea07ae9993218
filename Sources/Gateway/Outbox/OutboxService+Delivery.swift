import HandlerContract
import Outbox
import Routing

extension OutboxService {
    /// Hands an event to its handler, and takes what comes of it.
    func deliver(_ stored: StoredEvent, apply: @escaping @Sendable (HandlerAnswer, StoredEvent) -> Void) {
        let event = stored.event
        let (found, policy, timeout, batch, adoptions) = self.directory.withLock { directory in
            (
                directory.handler(for: stored), directory.policies[event.handler], directory.timeouts[event.route],
                directory.batches[event.route], directory.adoptions
            )
        }
        guard let handler = found else { return }
        let now = ContinuousClock.now
        // A clock that was set between two processes makes no event younger than new.
        let age = Duration.milliseconds(max(0, self.now - stored.since))
        // Nor does it wait for the time that the clock was set back by.
        let pause = Duration.milliseconds(max(0, stored.notBefore - max(self.now, stored.since)))
        let envelope = Envelope(head: event.head, tail: event.tail)
        let type = EventType(rawValue: event.type) ?? .event
        let job = HandlerJob(
            input: EnvelopeInput(
                id: event.id, time: Timestamp(milliseconds: event.accepted), route: event.route, node: "", socket: nil,
                content: .stored(type, envelope)),
            mode: .atLeastOnce, lane: event.lane, socketID: event.socket,
            timeout: timeout ?? .seconds(3_600), isIdempotent: true, batch: batch,
            stored: StoredDelivery(
                sequence: stored.sequence, earlierAttempts: stored.attempts, since: now - age,
                notBefore: pause > .zero ? now + min(pause, RetryAfter.longest) : nil,
                isRedelivered: stored.isRedelivered, policy: policy ?? RetryPolicy(),
                attempted: { [self] attempts, pause in
                    let notBefore = self.now + Int64(pause / .milliseconds(1))
                    self.report(.attempted(stored.position, attempts: attempts, notBefore: notBefore), of: stored)
                }),
            complete: { [self] in self.ended(stored, $0, adoptions, apply) })
        // Never refused: what is in memory is bounded where it is read.
        _ = handler.submit(job)
    }

    private func ended(
        _ stored: StoredEvent, _ result: HandlerResult, _ adoptions: Int, _ apply: (HandlerAnswer, StoredEvent) -> Void
    ) {
        switch result {
        case .answer(let answer):
            apply(answer, stored)
            self.report(.delivered(stored.position), of: stored)
        case .done:
            self.report(.delivered(stored.position), of: stored)
        case .deadLetter(let cause):
            let event = stored.event
            self.logger.warning(
                "dead letter: \(cause.reason.rawValue) after \(cause.attempts) attempts: \(cause.problem)",
                metadata: ["handler": "\(event.handler)", "route": "\(event.route)", "event": "\(event.id)"])
            let death = Death(
                reason: cause.reason.rawValue, attempts: cause.attempts, status: cause.status, problem: cause.problem,
                response: cause.response, time: self.now)
            self.report(.died(stored.position, death), of: stored)
        case .suspended:
            self.report(.suspended(stored.position, route: stored.event.route), of: stored)
            // Decided before a reload and told after it: the route may be on again, which the handler knows.
            if self.directory.withLock({ $0.adoptions != adoptions }) { self.resume() }
        case .kept, .failed, .connect, .connectRefused:
            // Nothing has become of it: it is in the file, and goes to the handler's successor if there is one.
            self.directory.withLock { $0.kept(stored) }
        }
    }
}
