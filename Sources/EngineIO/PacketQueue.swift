/// Packets waiting in order.
///
/// Holds storage only while it holds packets: most sessions are idle most of the time.
struct PacketQueue {
    private var packets: [OutboundPacket] = []
    private var head = 0
    /// What the packets are on the polling wire, a separator for each included.
    private(set) var bytes = 0

    /// What they cost in memory, at least.
    var heldBytes: Int { bytes + count * OutboundPacket.cost }

    var isEmpty: Bool { packets.isEmpty }
    var count: Int { packets.count - head }
    var first: OutboundPacket? { isEmpty ? nil : packets[head] }

    mutating func append(_ packet: OutboundPacket) {
        packets.append(packet)
        bytes += packet.pollingLength + 1
    }

    mutating func popFirst() -> OutboundPacket? {
        guard let packet = first else { return nil }
        head += 1
        bytes -= packet.pollingLength + 1
        if head == packets.count {
            removeAll()
        } else if head >= 32, head * 2 >= packets.count {
            // Half is gone: move the rest, which costs less than what was taken since the last move.
            packets.removeFirst(head)
            head = 0
        }
        return packet
    }

    /// Whether the first packet that `body` says something about is one; it says nil to look at the end.
    func contains(_ body: (OutboundPacket) -> Bool?) -> Bool {
        for packet in packets[head...] {
            guard let isOne = body(packet) else { return false }
            if isOne { return true }
        }
        return false
    }

    mutating func removeAll() {
        packets = []
        head = 0
        bytes = 0
    }

    func invariants() -> Bool {
        packets[head...].reduce(0) { $0 + $1.pollingLength + 1 } == bytes
            && (packets.isEmpty ? head == 0 && packets.capacity == 0 : head < packets.count)
    }
}
