/// What one shard has counted, copied on its loop.
struct ShardSnapshot: Sendable {
    var counters: ShardCounters
    /// In the order of the configuration; then the admin listener, then requests that no endpoint serves.
    var endpoints: [(name: String, counters: EndpointCounters.Snapshot)]
    /// By ``Namespace/label``.
    var namespaces: [NamespaceCounters.Snapshot]
    /// Rooms that have members on this shard, by ``Namespace/label``.
    var rooms: [Int]
    var lag: Duration

    /// On the shard's loop.
    init(_ shard: Shard) {
        self.counters = shard.counters
        self.endpoints = shard.endpoints.all.map { ($0.name, $0.counters.snapshot) }
        self.endpoints.append(("none", shard.unservedCounters.snapshot))
        self.namespaces = shard.namespaceCounters.map(\.snapshot)
        self.rooms = [Int](repeating: 0, count: shard.namespaceCounters.count)
        for case let local? in shard.namespaces { self.rooms[local.namespace.label] += local.membership.roomCount }
        self.lag = shard.lagProbe.worst
    }
}
