import EngineIO
import NIOCore

/// The messages of the client, and how much of them is taken.
extension EngineSession {
    func message(text: UnsafeRawBufferPointer) {
        self.endpoint.counters.textReceived &+= 1
        guard self.isWithinRate() else { return }
        self.client.received(text: text)
    }

    func message(binary: UnsafeRawBufferPointer) {
        self.endpoint.counters.binaryReceived &+= 1
        guard self.isWithinRate() else { return }
        self.client.received(binary: binary)
    }

    /// Holds up a client that sends faster than it may, and closes one that does not stop.
    private func isWithinRate() -> Bool {
        switch self.budget.take(now: { .now }) {
        case .allowed:
            return true
        case .pause:
            self.client.throttle(for: MessageBudget.pause)
            return true
        case .close:
            self.shard.counters.rateLimited &+= 1
            self.client.closedFor = .rateLimited
            self.close(.forcedClose, discard: true)
            return false
        }
    }

    // MARK: - Back-pressure

    /// Stops or resumes taking messages from the client.
    func setPaused(_ paused: Bool) {
        guard paused != self.isPaused, !self.isOver else { return }
        self.isPaused = paused
        if !paused {
            self.machine.excusePong(now: .now)
            self.schedule(after: self.configuration.pingTimeout, now: .now)
        }
        self.current?.setPaused(paused)
        if !paused, self.post != nil { self.readPost() }
    }
}
