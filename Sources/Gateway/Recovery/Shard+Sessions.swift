import NIOCore

extension Shard {
    /// A client of this loop is away; its session waits for it.
    func sessionLeft(_ session: AbsentSession) {
        let (generation, evicted) = self.core.sessions.leave(session)
        let slot = TimerSlot()
        let remaining = max(session.window - session.leftAt.duration(to: .now), .zero)
        slot.set(AbsenceTimer(pid: session.pid, generation: generation, slot: slot, shard: self))
        // Whole seconds: few different delays, which is what makes timers cheap however many are away.
        self.timers.schedule(after: .seconds(remaining.components.seconds + 1), slot: slot, token: 0)
        for session in evicted { self.sessionEnded(session) }
    }

    /// Nobody comes back to the session any more: it was given up, or its time is over.
    func sessionEnded(_ session: AbsentSession) {
        for request in session.requests.values { request.collector.gone(session.record.socketID) }
        if let id = SessionID(session.record.socketID) { self.core.namespaces.places.forget(id) }
        self.router.sessionEnded(session, on: self)
        self.core.namespaces.sessionEnded(in: session.namespace, forgetting: session.forgetsNamespace)
    }

    /// Closes the connection of the socket that holds a session, which looks alive and is dead or unwanted.
    ///
    /// Its session is absent afterwards.
    func evict(_ pid: SessionID) {
        self.holders[pid]?.client.kick(reason: "transportClose")
    }
}

/// The end of the time that a client may be away.
private final class AbsenceTimer: TimerTarget {
    private let pid: SessionID
    private let generation: UInt64
    private let slot: TimerSlot
    private unowned let shard: Shard

    init(pid: SessionID, generation: UInt64, slot: TimerSlot, shard: Shard) {
        self.pid = pid
        self.generation = generation
        self.slot = slot
        self.shard = shard
    }

    func timerFired(token: UInt32, now: ContinuousClock.Instant) {
        self.slot.cancelAll()
        guard let session = self.shard.core.sessions.expire(self.pid, generation: self.generation) else { return }
        self.shard.sessionEnded(session)
    }
}
