/// A short cut from a namespace to the connection of one of its members: what a room gets goes straight into the row.
///
/// Made of what a ``Client`` offers whose delivery would do nothing else. It needs not be taken
/// back: it leads nowhere once the row belongs to another connection, or its session has something to say again.
struct BroadcastLane {
    /// Members of one kind get the same bytes, and are counted alike.
    struct Kind: Hashable {
        var dialect: Dialect
        /// Its place in ``BroadcastLanes/endpoints``.
        var endpoint: UInt8
    }

    let row: OutputRowID
    let kind: Kind
}

/// What a client offers whose messages may be written without asking it.
struct LaneOffer {
    let row: OutputRowID
    let dialect: Dialect
    /// Of its endpoint.
    let counters: EndpointCounters
}

/// The lanes of a namespace on one shard, by member.
struct BroadcastLanes {
    private var lanes: ContiguousArray<BroadcastLane?> = []
    /// The endpoints whose messages are counted.
    private(set) var endpoints: ContiguousArray<EndpointCounters> = []
    /// By member: the position of the last logged event that went by its lane to a client that can come back.
    ///
    /// See ``Bus/SessionRecord/sent``. Shorter than ``lanes`` while there are none.
    private var sent: ContiguousArray<UInt64> = []

    init() {}

    subscript(member: UInt32) -> BroadcastLane? {
        Int(member) < self.lanes.count ? self.lanes[Int(member)] : nil
    }

    /// From now on the member's connection is reached this way.
    mutating func open(_ offer: LaneOffer, for member: UInt32) {
        guard let endpoint = self.number(of: offer.counters) else { return }
        while self.lanes.count <= Int(member) { self.lanes.append(nil) }
        self.lanes[Int(member)] = BroadcastLane(
            row: offer.row, kind: .init(dialect: offer.dialect, endpoint: endpoint))
    }

    /// The member's number may be given to another one.
    mutating func forget(_ member: UInt32) {
        if Int(member) < self.lanes.count { self.lanes[Int(member)] = nil }
        if Int(member) < self.sent.count { self.sent[Int(member)] = 0 }
    }

    /// A logged event has gone by their lanes to some of the members, who can come back.
    mutating func noteSent(_ position: UInt64, to members: ContiguousArray<UInt32>, from start: Int, to end: Int) {
        var index = start
        while index < end {
            let member = Int(members[index])
            while self.sent.count <= member { self.sent.append(0) }
            self.sent[member] = position
            index += 1
        }
    }

    /// What was noted last; 0 for nothing.
    func sent(to member: UInt32) -> UInt64 { Int(member) < self.sent.count ? self.sent[Int(member)] : 0 }

    /// `nil` when there are more endpoints than numbers: then there is no lane.
    private mutating func number(of endpoint: EndpointCounters) -> UInt8? {
        if let known = self.endpoints.firstIndex(where: { $0 === endpoint }) { return UInt8(known) }
        guard self.endpoints.count < Int(UInt8.max) else { return nil }
        self.endpoints.append(endpoint)
        return UInt8(self.endpoints.count - 1)
    }
}
