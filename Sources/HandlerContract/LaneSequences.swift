internal import Bus

/// The last sequence number of each lane, for a bounded number of lanes.
///
/// Two generations: when the young one is full it becomes the old one, whose lanes are forgotten unless they are used
/// again. So at least `capacity` lanes are remembered and at most twice as many, without keeping an order of use.
struct LaneSequences: Sendable {
    private let capacity: Int
    private var young: [ExactName: UInt64] = [:]
    private var old: [ExactName: UInt64] = [:]

    init(capacity: Int) {
        self.capacity = max(1, capacity)
    }

    var count: Int { young.count + old.count }

    mutating func next(_ lane: String) -> UInt64 {
        let lane = ExactName(lane)
        let next = (young[lane] ?? old.removeValue(forKey: lane) ?? 0) &+ 1
        if young[lane] == nil, young.count >= capacity {
            old = young
            young = [:]
        }
        young[lane] = next
        return next
    }

    mutating func remove(_ lane: String) {
        let lane = ExactName(lane)
        young[lane] = nil
        old[lane] = nil
    }
}
