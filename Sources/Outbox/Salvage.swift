/// Takes out of a damaged file what is certainly right: events whose checksums agree, in their order.
///
/// Nothing is concluded about the others; they stay in the damaged file. An event that was delivered already may come
/// back this way, which the promise of `atLeastOnce` includes.
enum Salvage {
    struct Result {
        var count = 0
        var isIncomplete = false
    }

    /// - Parameter path: a copy, which is changed.
    static func run(from path: String, into store: SQLiteEventStore) throws(StoreError) -> Result {
        var result = Result()
        var rows: [Int64: StoredRow] = [:]
        guard let database = try? Database(path: path) else {
            result.isIncomplete = true
            return result
        }
        defer { database.close() }
        // Past a damaged page the table is read from its other end.
        for order in ["ASC", "DESC"] {
            do throws(StoreError) {
                let statement = try database.statement(
                    "SELECT \(StoredRow.columns) FROM events NOT INDEXED ORDER BY position \(order)")
                while try statement.step() {
                    let row = StoredRow(statement, horizon: .max)
                    if row.isIntact { rows[row.stored.position] = row } else { result.isIncomplete = true }
                }
                break
            } catch {
                result.isIncomplete = true
            }
        }
        try copy(rows.values.sorted { $0.stored.position < $1.stored.position }, into: store)
        try copyLanes(of: database, into: store)
        result.count = rows.count
        return result
    }

    private static func copy(_ rows: [StoredRow], into store: SQLiteEventStore) throws(StoreError) {
        // In pieces, so that no transaction grows without a bound.
        for start in stride(from: 0, to: rows.count, by: 1_000) {
            try store.begin()
            for row in rows[start..<min(start + 1_000, rows.count)] {
                try store.insert(row.stored, origin: row.origin)
                if let death = row.death { try store.bury(row.stored.position, death) }
                try store.count(row.stored)
            }
            try store.commit()
        }
    }

    /// The last numbers of lanes; of a lane that cannot be read, its events tell.
    private static func copyLanes(of database: Database, into store: SQLiteEventStore) throws(StoreError) {
        var lanes: [(handler: String, lane: String, sequence: Int64, used: Int64)] = []
        do throws(StoreError) {
            let statement = try database.statement("SELECT handler, lane, seq, used FROM lanes")
            while try statement.step() {
                lanes.append((statement.text(0), statement.text(1), statement.integer(2), statement.integer(3)))
            }
        } catch {
            // As far as it could be read.
        }
        try store.begin()
        for lane in lanes { try store.count(lane.handler, lane.lane, upTo: lane.sequence, used: lane.used) }
        try store.commit()
    }
}
