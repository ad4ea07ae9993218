import Configuration
import EngineIO
import NIOCore

/// Events for a client that does not keep up, where its endpoint would rather lose some than the client.
///
/// Above `limits.outputSoft` they wait in ``PendingEvents`` instead of the connection, or of the queue for the next poll,
/// and everything else that is sent waits behind them. Pings are not held back: they say that we are there.
extension EngineSession {
    /// Packets that stay together: a message and its attachments.
    struct PendingPackets {
        var packets: [OutboundPacket]
        var compress: Bool
    }

    /// Sends an event or a message that other sessions get as well.
    func deliver(_ entry: SharedForm.Entry, of broadcast: Broadcast) {
        if let policy = self.endpoint.slowConsumer, self.backlog != nil || self.isBehind {
            return self.postpone(entry, of: broadcast, policy)
        }
        guard !entry.attachments.isEmpty else {
            return self.send(entry.first, shared: entry.firstID, compress: broadcast.compress)
        }
        self.together {
            self.send(entry.first, shared: entry.firstID, compress: broadcast.compress)
            for (packet, id) in entry.attachments { self.send(packet, shared: id, compress: broadcast.compress) }
        }
    }

    /// The client has more to take than ``limits.outputSoft``.
    private var isBehind: Bool {
        if let current = self.current, self.machine.isWritable { return current.isBehind }
        return self.machine.queuedBytes > self.shard.limits.outputSoft
    }

    private func postpone(
        _ entry: SharedForm.Entry, of broadcast: Broadcast, _ policy: PendingPolicy
    ) {
        let packets = [entry.first] + entry.attachments.map(\.packet)
        let bytes = packets.reduce(0) { $0 + $1.frame.readableBytes + OutboundPacket.cost }
        let backlog = self.backlog ?? EventBacklog(policy, limit: self.shard.limits.backlog)
        self.backlog = backlog
        self.shard.grew(by: bytes)
        self.judge(
            backlog.events.append(
                PendingPackets(packets: packets, compress: broadcast.compress), bytes: bytes,
                key: policy == .latest ? .init(broadcast) : nil))
    }

    /// Puts a packet that must not be lost behind the events that wait.
    ///
    /// Returns `false` when none do: then it is sent now.
    func waits(_ packet: @autoclosure () -> OutboundPacket, compress: Bool) -> Bool {
        guard let backlog = self.backlog else { return false }
        let packet = packet()
        let bytes = packet.frame.readableBytes + OutboundPacket.cost
        self.shard.grew(by: bytes)
        self.judge(
            backlog.events.append(kept: PendingPackets(packets: [packet], compress: compress), bytes: bytes))
        return true
    }

    private func judge(_ outcome: PendingEvents<PendingPackets>.Outcome) {
        if outcome.isFull(counting: &self.shard.counters) { self.closeSlow() }
    }

    /// The client has taken something: what waits follows, but no more than it may have before it.
    func catchUp() {
        guard let backlog = self.backlog.take() else { return }
        while !self.isOver, self.hasRoom, let next = backlog.events.popFirst() {
            self.together { for packet in next.packets { self.send(packet, compress: next.compress) } }
        }
        guard !self.isOver, !backlog.events.isEmpty else { return }
        self.backlog = backlog
        self.current?.reportNextWrite()
    }

    private var hasRoom: Bool {
        let waiting = self.current?.bufferedBytes ?? self.machine.queuedBytes
        return waiting < self.shard.limits.outputSoft
    }

    /// Ends it because its client does not take what is sent to it.
    func closeSlow() {
        guard !self.isOver else { return }
        self.backlog = nil
        // The connection counts it itself, and says so when it is gone.
        if let current = self.current { return current.closeSlow() }
        self.shard.counters.slowConsumersClosed &+= 1
        self.client.closedFor = .slow
        self.close(.transportError, discard: true)
    }

    /// Bytes that it keeps for its client, apart from what its connections hold.
    var heldBytes: Int {
        self.machine.heldBytes + (self.ready?.length ?? 0) + (self.post?.rest.readableBytes ?? 0)
            + (self.backlog?.events.bytes ?? 0)
            + self.client.heldBytes
    }
}

extension PendingKey {
    /// `nil` for what has no name, and for what asks for an answer: that is like no other.
    init?(_ broadcast: Broadcast) {
        guard case .event(let event) = broadcast.content, event.ackID == nil else { return nil }
        let target = broadcast.target
        self.init(
            namespace: broadcast.namespace, event: event.name,
            recipients: [target.rooms.sorted(), target.users.sorted(), target.sockets.sorted()])
    }
}

extension GatewayConfiguration.Endpoint.SlowConsumer {
    /// `nil`: a client that falls behind is closed.
    var policy: PendingPolicy? {
        switch self {
        case .close: nil
        case .dropOldest: .dropOldest
        case .latest: .latest
        }
    }
}
