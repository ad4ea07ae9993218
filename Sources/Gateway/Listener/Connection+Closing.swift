import EpollLoop
import Glibc
import NIOCore

extension Connection {
    /// How long a peer may take to close its side after we have shut down ours.
    private static let linger: Duration = .seconds(2)

    /// Sends what was given to `send` so far, then ends our side and waits a moment for the peer's.
    func closeAfterFlush() {
        guard self.phase == .open else { return }
        self.phase = .flushing
        self.outputChanged()
        guard let row = self.row else { return }
        self.shard.outputs.markDirty(row)
        self.shard.turnNeeded()
    }

    /// Ends the connection at once; unsent bytes are dropped.
    func close(_ reason: CloseReason) {
        guard self.phase != .closed else { return }
        if reason == .slow {
            self.shard.counters.slowConsumersClosed &+= 1
        }
        self.end(reason == .slow ? .slow : .closed)
    }

    /// The process is about to end: a connection that waits for a request is closed now.
    func closeIfIdle() {
        if let stream = self.stream as? HTTPStream, stream.isIdle { self.closeAfterFlush() }
    }

    /// Everything is on its way: ends our side, and reads on until the peer has ended its own.
    func shutDownOutput() {
        guard self.phase == .flushing else { return }
        self.phase = .lingering
        shutdown(self.descriptor, CInt(SHUT_WR))
        self.shard.timers.schedule(after: Self.linger, slot: self.timerSlot, token: 1)
        self.endStream(.closed)
        if self.phase == .lingering { self.readToTheEnd() }
    }

    /// Closes it; what waits to be sent is dropped.
    func end(_ end: ConnectionEnd) {
        guard self.phase != .closed else { return }
        self.phase = .closed
        // Before anything else can run: the descriptor may soon mean another connection.
        self.outputChanged()
        self.shard.loop.close(self)
        self.shard.counters.outputBuffered -= self.writer.discard()
        self.timerSlot.cancelAll()
        self.endHandshake()
        self.tls = nil
        self.endStream(end)
        if let permit = self.permit.take() { self.shard.core.admission.release(permit, now: .now) }
        if let row = self.row.take() { self.shard.connectionClosed(row) }
    }

    func endStream(_ end: ConnectionEnd) {
        guard let stream = self.stream else { return }
        self.stream = nil
        stream.connectionClosed(end)
    }

    /// Gives the descriptor away, for another loop to serve it; the peer notices nothing.
    ///
    /// For a TLS connection the engine goes along: its records must be written by one side only.
    func detach() -> ConnectionHandOver? {
        guard self.phase == .open, self.writer.backlog == 0, self.outputBytes == 0 else { return nil }
        self.stream = nil
        let handOver = ConnectionHandOver(
            descriptor: self.shard.loop.forget(self), engine: self.tls.take(), peerAddress: self.peerAddress,
            permit: self.permit.take())
        self.end(.closed)
        return handOver
    }
}

extension Connection: TimerTarget {
    /// Token 1 is the end of lingering, 3 that of waiting for a proxy; even ones carry the progress count at the time of the last look.
    func timerFired(token: UInt32, now: ContinuousClock.Instant) {
        if token == 1 {
            if self.phase == .lingering { self.end(.closed) }
            return
        }
        if token == 3 {
            if self.proxyWait != nil { self.refuseProxy() }
            return
        }
        self.progressTimerRuns = false
        guard self.phase != .closed, self.writer.backlog > 0 else { return }
        if token == self.progress &* 2 { return self.close(.slow) }
        self.progressTimerRuns = true
        self.shard.timers.schedule(
            after: self.shard.limits.writeProgress, slot: self.timerSlot, token: self.progress &* 2)
    }
}
