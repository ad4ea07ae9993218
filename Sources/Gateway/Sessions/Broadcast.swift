import Bus
import EngineIO
import NIOCore
import SocketIO
import WebSocketProtocol

/// One event on its way to the sockets that its target reaches, encoded once for all of them.
///
/// Made by the publisher, shared by all shards, never changed.
final class Broadcast: Sendable {
    let target: Target
    /// The Engine.IO messages of the event: its text, then one for each attachment.
    let packets: [OutboundPacket]
    /// Dropped for a receiver that cannot take it right now.
    let volatile: Bool
    /// Whether HTTP responses that carry it may be compressed.
    let compress: Bool
    /// Collects what the receivers answer, for an event that asks for an ack.
    let collector: AckCollector?
    let ackID: UInt64?

    init(
        target: Target, packets: [OutboundPacket], volatile: Bool, compress: Bool, collector: AckCollector? = nil,
        ackID: UInt64? = nil
    ) {
        self.target = target
        self.packets = packets
        self.volatile = volatile
        self.compress = compress
        self.collector = collector
        self.ackID = ackID
    }
}

/// What the bus carries to the shards: an event, or a change for the sockets that a target reaches.
///
/// Changes travel with the events, so everyone sees both in one order.
struct BusItem: Sendable {
    enum Kind: Sendable {
        case broadcast(Broadcast)
        case send(Target, OutboundPacket)
        case join(Target, rooms: [String])
        case leave(Target, rooms: [String])
        case disconnect(Target, close: Bool, reason: String?)
        case kick(Target, reason: String?)
        case state(Target, set: [(key: String, json: [UInt8])], unset: [String])
    }

    let namespace: Namespace
    let kind: Kind
    /// Told by each shard how many sockets it reached there, where somebody wants to know.
    var recipients: RecipientCount?

    var target: Target {
        switch self.kind {
        case .broadcast(let broadcast): broadcast.target
        case .send(let target, _), .join(let target, _), .leave(let target, _), .disconnect(let target, _, _),
            .kick(let target, _), .state(let target, _, _):
            target
        }
    }

    /// A shard says how many of its sockets the item reached.
    func reached(_ count: Int) {
        self.recipients?.report(count)
        if case .broadcast(let broadcast) = self.kind { broadcast.collector?.shardReported(count) }
    }
}
