import Bus

/// Many sockets that an item of the bus ends: more than a turn has time for, so it goes on from turn to turn.
///
/// Nothing newer is applied before it is over, and nobody enters.
struct Parting {
    /// What a turn always has time for.
    static let atOnce = 128
    /// Of ending a socket, its farewell included, in deliveries by lane.
    private static let cost = 200

    private let namespace: LocalNamespace
    private let item: BusItem
    /// Not their numbers: those may mean others by then.
    private var sockets: ContiguousArray<Socket>
    private var next = 0

    init(_ sockets: ContiguousArray<Socket>, of namespace: LocalNamespace, by item: BusItem) {
        self.sockets = sockets
        self.namespace = namespace
        self.item = item
    }

    /// Ends some more of them.
    ///
    /// Returns what it cost, in deliveries, and whether all have been ended.
    mutating func goOn() -> (cost: Int, isOver: Bool) {
        let end = min(self.next + Self.atOnce, self.sockets.count)
        // Some may have gone by themselves meanwhile.
        for socket in self.sockets[self.next..<end] where self.namespace.isMember(socket) {
            self.namespace.end(socket, by: self.item)
        }
        defer { self.next = end }
        guard end == self.sockets.count else { return ((end - self.next) * Self.cost, false) }
        self.namespace.applied(self.item, to: self.sockets.count)
        return ((end - self.next) * Self.cost, true)
    }
}
