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

/// Sums over all shards, by label; in the order in which labels come first.
struct LabelledSum<Label: Hashable & Sendable>: Sendable {
    private(set) var entries: [(label: Label, value: UInt64)] = []
    private var places: [Label: Int] = [:]

    init() {}

    mutating func add(_ value: UInt64, _ label: Label) {
        if let place = self.places[label] {
            self.entries[place].value &+= value
        } else {
            self.places[label] = self.entries.count
            self.entries.append((label, value))
        }
    }
}
