import Bus
import NIOCore

/// Which events of a client that does not keep up go first.
enum PendingPolicy: Hashable, Sendable {
    /// Those that have waited longest, when there is no more room.
    case dropOldest
    /// The same, and an event takes the place of an older one with the same key.
    case latest
}

/// What two events have in common of which only the later one counts: name and recipients.
struct PendingKey: Hashable {
    private let namespace: ExactName
    private let event: ExactName
    private let recipients: [[ExactName]]

    /// - Parameter recipients: of the target: rooms, users and sockets, each kind sorted.
    init(namespace: String, event: String, recipients: [[String]]) {
        self.namespace = ExactName(namespace)
        self.event = ExactName(event)
        self.recipients = recipients.map { $0.map(ExactName.init) }
    }
}

/// What waits for a client that does not keep up, where the endpoint's `slowConsumer` lets some of it go.
///
/// Made when a client falls behind, and dropped when it has caught up: one that keeps up has none. What must not be lost,
/// such as an ack, keeps its place between the events. What an item is, is its owner's business.
struct PendingEvents<Item> {
    /// What became of an item.
    enum Outcome: Hashable {
        /// It waits; so many older events had to go for it.
        case waits(oldest: Int, superseded: Int)
        /// There is no room although no event is left to go: the client has to be closed.
        case full
    }

    private struct Entry {
        var item: Item
        var bytes: Int
        var key: PendingKey?
        var mayGo: Bool
    }

    let policy: PendingPolicy
    /// Bytes; a single item may be larger.
    let limit: Int
    /// `nil` where one has gone.
    private var entries: CircularBuffer<Entry?>
    /// The number of the first of ``entries``.
    private var first = 0
    /// The number of the first that may be one that can go.
    private var firstToGo = 0
    private var newest: [PendingKey: Int] = [:]
    private(set) var bytes = 0
    private(set) var count = 0

    init(policy: PendingPolicy, limit: Int) {
        self.policy = policy
        self.limit = limit
        self.entries = CircularBuffer()
    }

    var isEmpty: Bool { self.count == 0 }

    /// Appends an event, which may have to go later, or with it others at once.
    ///
    /// - Parameter key: of effect with ``PendingPolicy/latest`` only; `nil`: like no other.
    mutating func append(_ event: Item, bytes: Int, key: PendingKey?) -> Outcome {
        var superseded = 0
        let key = self.policy == .latest ? key : nil
        if let key, let older = self.newest[key] {
            self.remove(older)
            superseded = 1
        }
        if let key { self.newest[key] = self.first + self.entries.count }
        self.push(Entry(item: event, bytes: bytes, key: key, mayGo: true))
        return self.makeRoom(superseded: superseded)
    }

    /// Appends what must not be lost.
    mutating func append(kept item: Item, bytes: Int) -> Outcome {
        self.push(Entry(item: item, bytes: bytes, key: nil, mayGo: false))
        return self.makeRoom(superseded: 0)
    }

    /// Takes what has waited longest.
    mutating func popFirst() -> Item? {
        while let entry = self.entries.popFirst() {
            self.first += 1
            guard let entry else { continue }
            self.forget(entry, number: self.first - 1)
            return entry.item
        }
        return nil
    }

    private mutating func push(_ entry: Entry) {
        self.entries.append(entry)
        self.bytes += entry.bytes
        self.count += 1
    }

    private mutating func makeRoom(superseded: Int) -> Outcome {
        var dropped = 0
        self.firstToGo = max(self.firstToGo, self.first)
        while self.bytes > self.limit, self.count > 1 {
            guard self.firstToGo < self.first + self.entries.count else { return .full }
            if let entry = self.entry(self.firstToGo), entry.mayGo {
                self.remove(self.firstToGo)
                dropped += 1
            }
            self.firstToGo += 1
        }
        self.closeGaps()
        return .waits(oldest: dropped, superseded: superseded)
    }

    private func entry(_ number: Int) -> Entry? {
        self.entries[self.entries.index(self.entries.startIndex, offsetBy: number - self.first)]
    }

    private mutating func remove(_ number: Int) {
        let index = self.entries.index(self.entries.startIndex, offsetBy: number - self.first)
        guard let entry = self.entries[index] else { return }
        self.entries[index] = nil
        self.forget(entry, number: number)
    }

    private mutating func forget(_ entry: Entry, number: Int) {
        self.bytes -= entry.bytes
        self.count -= 1
        if let key = entry.key, self.newest[key] == number { self.newest[key] = nil }
    }

    /// Gaps must not outnumber what waits: one event that is superseded a million times leaves as many.
    private mutating func closeGaps() {
        guard self.entries.count > 2 * self.count + 16 else { return }
        var kept = CircularBuffer<Entry?>(initialCapacity: self.count)
        var firstToGo: Int?
        for (offset, entry) in self.entries.enumerated() {
            if self.first + offset >= self.firstToGo, firstToGo == nil { firstToGo = self.first + kept.count }
            guard let entry else { continue }
            if let key = entry.key { self.newest[key] = self.first + kept.count }
            kept.append(entry)
        }
        self.firstToGo = firstToGo ?? self.first + kept.count
        self.entries = kept
    }

    /// Whether its parts agree; for tests.
    func invariants() -> Bool {
        let waiting = self.entries.compactMap { $0 }
        let keys = Set(waiting.compactMap(\.key))
        return waiting.count == self.count && waiting.reduce(0) { $0 + $1.bytes } == self.bytes
            && keys == Set(self.newest.keys) && self.newest.allSatisfy { self.entry($0.value)?.key == $0.key }
            && self.entries.count <= 2 * self.count + 17
    }
}
