import Outbox

/// The simplest thing that keeps events: what a crash leaves of it is ``committed``.
final class ModelStore: EventStore {
    struct Row: Equatable {
        var stored: StoredEvent
        var origin: Int64
        var death: Death?
    }

    struct State: Equatable {
        var rows: [Int64: Row] = [:]
        var lanes: [String: UInt64] = [:]
        var last: Int64 = 0
    }

    private(set) var committed: State
    private var working: State
    private let horizon: Int64
    /// Asked at each commit.
    var fate: () -> Fate = { .succeeds }

    enum Fate { case succeeds, fails, failsButHappens }

    init(_ state: State = State()) {
        committed = state
        working = state
        horizon = state.last
    }

    func begin() throws(StoreError) { working = committed }

    func commit() throws(StoreError) {
        switch fate() {
        case .succeeds: committed = working
        case .fails: throw .unwritable(reason: "simulated")
        case .failsButHappens:
            committed = working
            throw .unwritable(reason: "simulated")
        }
    }

    func rollback() { working = committed }
    func touch() throws(StoreError) {}

    func append(_ event: NewEvent) throws(StoreError) -> StoredEvent {
        working.last += 1
        let number = (working.lanes[event.lane] ?? 0) + 1
        working.lanes[event.lane] = number
        let stored = StoredEvent(event: event, position: working.last, sequence: number, since: event.accepted)
        working.rows[working.last] = Row(stored: stored, origin: working.last)
        return stored
    }

    func remove(_ position: Int64) throws(StoreError) { working.rows[position] = nil }

    func attempted(_ position: Int64, attempts: Int, notBefore: Int64) throws(StoreError) {
        working.rows[position]?.stored.attempts = attempts
    }

    func bury(_ position: Int64, _ death: Death) throws(StoreError) { working.rows[position]?.death = death }

    func replay(
        _ selection: DeadLetterSelection, limit: Int, diedBy: Int64, now: Int64
    ) throws(StoreError) -> [String: Int] {
        let dead = working.rows.values.filter { $0.death != nil }.sorted { $0.origin < $1.origin }.prefix(limit)
        for var row in dead {
            working.rows[row.stored.position] = nil
            working.last += 1
            row.death = nil
            row.stored.position = working.last
            row.stored.attempts = 0
            working.rows[working.last] = row
        }
        return dead.isEmpty ? [:] : [dead[0].stored.event.handler: dead.count]
    }

    func drop(_ selection: DeadLetterSelection, limit: Int) throws(StoreError) -> Int { 0 }
    func forget(lane: String, of handler: String) throws(StoreError) {}
    func forgetLanes(unusedSince time: Int64) throws(StoreError) {}

    func load(
        handler: String, lane: String?, after position: Int64, limit: Int, bytes: Int
    ) throws(StoreError) -> LoadedEvents {
        var loaded = LoadedEvents()
        let rows = committed.rows.values.filter {
            $0.death == nil && $0.stored.position > position && $0.stored.event.handler == handler
                && (lane == nil || $0.stored.event.lane == lane)
        }
        loaded.events = rows.map { row in
            var stored = row.stored
            stored.isRedelivered = stored.position <= horizon || row.origin != stored.position
            return stored
        }.sorted { $0.position < $1.position }
        loaded.isEnd = loaded.events.count < limit
        loaded.events = Array(loaded.events.prefix(limit))
        return loaded
    }

    func deadLetters(handler: String?, after origin: Int64, limit: Int) throws(StoreError) -> [DeadLetter] { [] }
    func deadLetter(id: String) throws(StoreError) -> DeadLetter? { nil }

    func census() throws(StoreError) -> Census {
        var census = Census()
        for row in committed.rows.values {
            if row.death == nil { census.pending[row.stored.event.handler, default: 0] += 1 } else { census.dead += 1 }
        }
        return census
    }

    func oldest() throws(StoreError) -> Int64? { nil }
    func usedBytes() throws(StoreError) -> Int { committed.rows.count * 300 }
}
