internal import Foundation

/// Takes out of a damaged file what is certainly right: events whose checksums agree.
///
/// Nothing is concluded about the others; they stay in the damaged file, which is only read. An event that was delivered
/// already may come back this way, which the promise of `atLeastOnce` includes.
struct Salvage {
    struct Result {
        var count = 0
        var isIncomplete = false
    }

    /// What is written in one transaction at most: no more of the file is in memory at a time, however large it is.
    private static let batchRows = 1_000
    private static let batchBytes = 4 << 20
    /// A row is longer than that, whatever is in it: a table with more of them leads in a circle.
    private static let leastRowBytes = 32

    private let source: Database
    private let store: SQLiteEventStore
    private var result = Result()
    private var rowsLeft: Int
    private var batch = (rows: 0, bytes: 0)

    /// Throws what went wrong with the new file, and what is no damage of the old one.
    static func run(from path: String, into store: SQLiteEventStore) throws(StoreError) -> Result {
        let sizes = ["", "-wal"].map { suffix -> Int in
            var status = stat()
            return stat(path + suffix, &status) == 0 ? Int(status.st_size) : 0
        }
        // SQLite deletes the log of an empty file as soon as it sees it.
        guard sizes[0] > 0 else { return Result(count: 0, isIncomplete: true) }
        let source = try Database(path: path, creates: false)
        defer { source.close() }
        // It is read where it lies: its log stays beside it.
        try source.checkpointOnClose(false)
        try source.execute("PRAGMA locking_mode = EXCLUSIVE")
        var salvage = Salvage(source: source, store: store, rowsLeft: (sizes[0] + sizes[1]) / Self.leastRowBytes)
        try store.begin()
        try salvage.copyEvents()
        try salvage.copyLanes()
        try store.commit()
        return salvage.result
    }

    private init(source: Database, store: SQLiteEventStore, rowsLeft: Int) {
        self.source = source
        self.store = store
        self.rowsLeft = rowsLeft
    }

    private mutating func copyEvents() throws(StoreError) {
        let source = self.source
        // Past a damaged page the table is read from its other end.
        for order in ["ASC", "DESC"] {
            let query = "SELECT \(StoredRow.columns) FROM events NOT INDEXED ORDER BY position \(order)"
            guard let statement = try readable({ () throws(StoreError) in try source.statement(query) }) else {
                continue
            }
            defer { statement.reset() }
            while let isRow = try readable({ () throws(StoreError) in try statement.step() }) {
                guard isRow else { return }
                guard rowsLeft > 0 else {
                    result.isIncomplete = true
                    return
                }
                rowsLeft -= 1
                try take(StoredRow(statement, horizon: .max))
            }
        }
    }

    private mutating func take(_ row: StoredRow) throws(StoreError) {
        let position = row.stored.position
        guard row.isIntact, (1..<SQLiteEventStore.endOfPositions).contains(position) else {
            result.isIncomplete = true
            return
        }
        guard try !store.contains(position) else { return }
        try store.insert(row.stored, origin: row.origin)
        if let death = row.death { try store.bury(position, death) }
        try store.count(row.stored)
        result.count += 1
        try written(row.stored.event.bytes)
    }

    /// The last numbers of lanes; of a lane that cannot be read, its events tell.
    private mutating func copyLanes() throws(StoreError) {
        let source = self.source
        let query = "SELECT handler, lane, seq, used FROM lanes"
        guard let statement = try readable({ () throws(StoreError) in try source.statement(query) }) else { return }
        defer { statement.reset() }
        while try readable({ () throws(StoreError) in try statement.step() }) == true, rowsLeft > 0 {
            rowsLeft -= 1
            let lane = statement.text(1)
            try store.count(
                statement.text(0), lane, upTo: statement.integer(2), used: statement.integer(3))
            try written(lane.utf8.count)
        }
    }

    /// Nil: here the file is damaged.
    private mutating func readable<Value>(_ body: () throws(StoreError) -> Value) throws(StoreError) -> Value? {
        do throws(StoreError) {
            return try body()
        } catch {
            guard case .corrupt = error else { throw error }
            result.isIncomplete = true
            return nil
        }
    }

    private mutating func written(_ bytes: Int) throws(StoreError) {
        batch.rows += 1
        batch.bytes += bytes
        guard batch.rows >= Self.batchRows || batch.bytes >= Self.batchBytes else { return }
        batch = (0, 0)
        try store.commit()
        try store.begin()
    }
}
