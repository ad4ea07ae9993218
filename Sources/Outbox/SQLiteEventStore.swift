/// The outbox in an SQLite file: write-ahead log, every commit synced, the file its own.
///
/// Made by ``OutboxFile``, which has checked it.
package final class SQLiteEventStore: EventStore {
    private struct LaneName: Hashable {
        var handler: String
        var lane: String
    }

    /// Lanes whose last number is remembered; of the others it is read again.
    private static let rememberedLanes = 131_072
    /// At a million events a second it takes ten thousand years to come here.
    static let endOfPositions: Int64 = 1 << 58

    let database: Database
    /// Events up to it were stored by an earlier process.
    private let horizon: Int64
    private var lastPosition: Int64
    private var sequences: [LaneName: UInt64] = [:]
    /// Lanes that this transaction has given numbers of, and when.
    private var counted: [LaneName: Int64] = [:]
    /// Held as long as the file is open.
    private var lock: FileLock?

    init(_ database: Database, lock: FileLock?) throws(StoreError) {
        self.database = database
        self.lock = lock
        lastPosition = try Self.lastPosition(in: database)
        horizon = lastPosition
    }

    private static func lastPosition(in database: Database) throws(StoreError) -> Int64 {
        let counted = try database.number("SELECT seq FROM sqlite_sequence WHERE name = 'events'")
        let last = max(counted, try database.number("SELECT max(position) FROM events"), 0)
        guard last < endOfPositions else { throw .corrupt(reason: "a position is out of all bounds") }
        return last
    }

    /// The log is brought into the file, and the file is free for another process.
    package func close() {
        database.close()
        lock = nil
    }

    // MARK: - Transactions

    package func begin() throws(StoreError) {
        lastPosition = try Self.lastPosition(in: database)
        try database.execute("BEGIN IMMEDIATE")
    }

    package func commit() throws(StoreError) {
        let sql = """
            INSERT INTO lanes(handler, lane, seq, used) VALUES(?1, ?2, ?3, ?4)
            ON CONFLICT(handler, lane) DO UPDATE SET seq = ?3, used = ?4
            """
        for (name, time) in counted {
            let statement = try database.statement(sql)
            try statement.bind(1, name.handler)
            try statement.bind(2, name.lane)
            try statement.bind(3, Int64(bitPattern: sequences[name] ?? 0))
            try statement.bind(4, time)
            try statement.run()
        }
        try database.execute("COMMIT")
        counted = [:]
        if sequences.count > Self.rememberedLanes { sequences = [:] }
    }

    package func rollback() {
        if database.isInTransaction { try? database.execute("ROLLBACK") }
        counted = [:]
        sequences = [:]
    }

    package func touch() throws(StoreError) {
        try database.execute(
            "INSERT INTO meta(key, value) VALUES('touched', 1) ON CONFLICT(key) DO UPDATE SET value = value + 1")
    }

    // MARK: - Changes

    package func append(_ event: NewEvent) throws(StoreError) -> StoredEvent {
        let sequence = try nextSequence(event)
        let stored = StoredEvent(
            event: event, position: takePosition(), sequence: sequence, since: event.accepted)
        try insert(stored, origin: stored.position)
        return stored
    }

    func takePosition() -> Int64 {
        lastPosition += 1
        return lastPosition
    }

    func writeLastPosition() throws(StoreError) {
        let statement = try database.statement("UPDATE sqlite_sequence SET seq = ?1 WHERE name = 'events'")
        try statement.bind(1, lastPosition)
        try statement.run()
    }

    func insert(_ stored: StoredEvent, origin: Int64) throws(StoreError) {
        let event = stored.event
        let statement = try database.statement(
            """
            INSERT INTO events(position, origin, id, handler, route, lane, seq, type, socket, namespace, accepted,
                since, attempts, not_before, checksum, head, tail)
            VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)
            """)
        try statement.bind(1, stored.position)
        try statement.bind(2, origin)
        try statement.bind(3, event.id)
        try statement.bind(4, event.handler)
        try statement.bind(5, event.route)
        try statement.bind(6, event.lane)
        try statement.bind(7, Int64(bitPattern: stored.sequence))
        try statement.bind(8, event.type)
        try statement.bind(9, event.socket)
        try statement.bind(10, event.namespace)
        try statement.bind(11, event.accepted)
        try statement.bind(12, stored.since)
        try statement.bind(13, Int64(stored.attempts))
        try statement.bind(14, stored.notBefore)
        try statement.bind(15, Checksum.of(event, sequence: stored.sequence, origin: origin))
        try statement.bind(16, event.head)
        try statement.bind(17, event.tail)
        try statement.run()
    }

    func contains(_ position: Int64) throws(StoreError) -> Bool {
        let statement = try database.statement("SELECT 1 FROM events WHERE position = ?1")
        defer { statement.reset() }
        try statement.bind(1, position)
        return try statement.step()
    }

    private func nextSequence(_ event: NewEvent) throws(StoreError) -> UInt64 {
        guard !event.isAlone else { return 1 }
        let name = LaneName(handler: event.handler, lane: event.lane)
        var last = sequences[name]
        if last == nil {
            let statement = try database.statement("SELECT seq FROM lanes WHERE handler = ?1 AND lane = ?2")
            defer { statement.reset() }
            try statement.bind(1, event.handler)
            try statement.bind(2, event.lane)
            last = try statement.step() ? UInt64(bitPattern: statement.integer(0)) : 0
        }
        let next = (last ?? 0) &+ 1
        sequences[name] = next
        counted[name] = event.accepted
        return next
    }

    /// The lane has come to this number at least.
    func count(_ handler: String, _ lane: String, upTo sequence: Int64, used: Int64) throws(StoreError) {
        let statement = try database.statement(
            """
            INSERT INTO lanes(handler, lane, seq, used) VALUES(?1, ?2, ?3, ?4)
            ON CONFLICT(handler, lane) DO UPDATE SET seq = max(seq, ?3)
            """)
        try statement.bind(1, handler)
        try statement.bind(2, lane)
        try statement.bind(3, sequence)
        try statement.bind(4, used)
        try statement.run()
    }

    /// The same by one of its events.
    func count(_ stored: StoredEvent) throws(StoreError) {
        // The lane of an event that stands alone is the event.
        guard stored.event.lane != stored.event.id else { return }
        try count(
            stored.event.handler, stored.event.lane, upTo: Int64(bitPattern: stored.sequence), used: stored.since)
    }

    package func remove(_ position: Int64) throws(StoreError) {
        let statement = try database.statement("DELETE FROM events WHERE position = ?1")
        try statement.bind(1, position)
        try statement.run()
    }

    package func attempted(_ position: Int64, attempts: Int, notBefore: Int64) throws(StoreError) {
        let statement = try database.statement("UPDATE events SET attempts = ?2, not_before = ?3 WHERE position = ?1")
        try statement.bind(1, position)
        try statement.bind(2, Int64(attempts))
        try statement.bind(3, notBefore)
        try statement.run()
    }

    package func bury(_ position: Int64, _ death: Death) throws(StoreError) {
        let statement = try database.statement(
            """
            UPDATE events SET state = 1, attempts = ?2, reason = ?3, status = ?4, problem = ?5, response = ?6, died = ?7
            WHERE position = ?1 AND state = 0
            """)
        try statement.bind(1, position)
        try statement.bind(2, Int64(death.attempts))
        try statement.bind(3, death.reason)
        try statement.bind(4, Int64(death.status))
        try statement.bind(5, death.problem)
        try statement.bind(6, death.response)
        try statement.bind(7, death.time)
        try statement.run()
    }

    package func forget(lane: String, of handler: String) throws(StoreError) {
        let name = LaneName(handler: handler, lane: lane)
        // A lane that is not remembered goes with the old ones.
        guard sequences[name] != nil, counted[name] == nil else { return }
        let statement = try database.statement(
            """
            DELETE FROM lanes WHERE handler = ?1 AND lane = ?2
            AND NOT EXISTS (SELECT 1 FROM events WHERE handler = ?1 AND lane = ?2 AND state = 0)
            """)
        try statement.bind(1, handler)
        try statement.bind(2, lane)
        try statement.run()
        if database.changes > 0 { sequences[name] = nil }
    }

    package func forgetLanes(unusedSince time: Int64) throws(StoreError) {
        let statement = try database.statement(
            """
            DELETE FROM lanes WHERE used < ?1 AND NOT EXISTS
            (SELECT 1 FROM events WHERE handler = lanes.handler AND lane = lanes.lane AND state = 0)
            """)
        try statement.bind(1, time)
        try statement.run()
        if database.changes > 0 { sequences = sequences.filter { counted[$0.key] != nil } }
    }

    // MARK: - Reading

    package func usedBytes() throws(StoreError) -> Int {
        let pages = try database.number("PRAGMA page_count") - database.number("PRAGMA freelist_count")
        return Int(pages) * Int(try database.number("PRAGMA page_size"))
    }

    package func census() throws(StoreError) -> Census {
        var census = Census()
        let statement = try database.statement("SELECT handler, count(*) FROM events WHERE state = 0 GROUP BY handler")
        defer { statement.reset() }
        while try statement.step() { census.pending[statement.text(0)] = Int(clamping: statement.integer(1)) }
        census.dead = Int(try database.number("SELECT count(*) FROM events WHERE state = 1"))
        return census
    }

    package func oldest() throws(StoreError) -> Int64? {
        // By handler, because of the index; a loose scan of its first column finds them.
        let next = try database.statement(
            "SELECT min(handler) FROM events INDEXED BY pending WHERE state = 0 AND handler > ?1")
        let first = try database.statement(
            "SELECT accepted FROM events INDEXED BY pending WHERE state = 0 AND handler = ?1 ORDER BY position LIMIT 1")
        defer {
            next.reset()
            first.reset()
        }
        var oldest: Int64?
        var handler = ""
        while true {
            next.reset()
            try next.bind(1, handler)
            guard try next.step() else { return oldest }
            handler = next.text(0)
            guard !handler.isEmpty else { return oldest }
            first.reset()
            try first.bind(1, handler)
            if try first.step() { oldest = min(oldest ?? .max, first.integer(0)) }
        }
    }

    package func load(
        handler: String, lane: String?, after position: Int64, limit: Int, bytes: Int
    ) throws(StoreError) -> LoadedEvents {
        let statement = try database.statement(
            """
            SELECT \(StoredRow.columns) FROM events
            WHERE state = 0 AND handler = ?1 AND position > ?2 \(lane == nil ? "" : "AND lane = ?3")
            ORDER BY position
            """)
        defer { statement.reset() }
        try statement.bind(1, handler)
        try statement.bind(2, position)
        if let lane { try statement.bind(3, lane) }
        var loaded = LoadedEvents()
        var size = 0
        while loaded.events.count + loaded.damaged.count < limit, size < bytes {
            guard try statement.step() else {
                loaded.isEnd = true
                break
            }
            let row = StoredRow(statement, horizon: horizon)
            size += row.stored.event.bytes
            if row.isIntact { loaded.events.append(row.stored) } else { loaded.damaged.append(row.stored.position) }
        }
        return loaded
    }
}
