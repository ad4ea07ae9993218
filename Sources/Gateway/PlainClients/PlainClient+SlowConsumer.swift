import Configuration
import EngineIO
import NIOCore

/// Events for a plain client that does not keep up, where its endpoint would rather lose some than the client.
///
/// The same as for sessions of Engine.IO: above `limits.outputSoft` they wait in ``PendingEvents`` instead of the
/// connection, and acks wait behind them.
extension PlainClient {
    struct PendingPacket {
        var packet: OutboundPacket
        var compress: Bool
    }

    /// Puts an event where it waits.
    ///
    /// Returns `false` when the client keeps up: then it is sent now.
    func postpones(_ broadcast: Broadcast, _ packet: OutboundPacket, isBehind: Bool) -> Bool {
        guard let policy = self.endpoint.slowConsumer, self.backlog != nil || isBehind else { return false }
        let bytes = packet.frame.readableBytes + OutboundPacket.cost
        let backlog = self.backlog ?? EventBacklog(policy, limit: self.shard.limits.backlog)
        self.backlog = backlog
        self.shard.grew(by: bytes)
        self.judge(
            backlog.events.append(
                PendingPacket(packet: packet, compress: broadcast.compress), bytes: bytes,
                key: policy == .latest ? .init(broadcast) : nil))
        return true
    }

    /// Puts what must not be lost behind the events that wait.
    ///
    /// Returns `false` when none do.
    func postpones(kept packet: @autoclosure () -> OutboundPacket) -> Bool {
        guard let backlog = self.backlog else { return false }
        let packet = packet()
        let bytes = packet.frame.readableBytes + OutboundPacket.cost
        self.shard.grew(by: bytes)
        self.judge(backlog.events.append(kept: PendingPacket(packet: packet, compress: true), bytes: bytes))
        return true
    }

    private func judge(_ outcome: PendingEvents<PendingPacket>.Outcome) {
        if outcome.isFull(counting: &self.shard.counters) { self.closeSlow() }
    }

    /// The client has taken something: what waits follows, but no more than it may have before it.
    ///
    /// `bufferedBytes`: what waits for it in its connection. Returns whether some is left.
    func catchUp(bufferedBytes: () -> Int, _ send: (PendingPacket) -> Void) -> Bool {
        guard let backlog = self.backlog.take() else { return false }
        while !self.isOver, bufferedBytes() < self.shard.limits.outputSoft, let next = backlog.events.popFirst() {
            send(next)
        }
        guard !self.isOver, !backlog.events.isEmpty else { return false }
        self.backlog = backlog
        return true
    }
}
