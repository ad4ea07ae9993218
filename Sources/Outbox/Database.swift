internal import CSQLite
internal import Glibc

/// A connection to an SQLite database; for one thread at a time.
final class Database {
    let handle: OpaquePointer
    private var statements: [String: Statement] = [:]

    init(path: String, creates: Bool = true) throws(StoreError) {
        var handle: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (creates ? SQLITE_OPEN_CREATE : 0)
        let code = sqlite3_open_v2(path, &handle, flags, nil)
        guard code == SQLITE_OK, let handle else {
            let error = Self.error(code, handle)
            sqlite3_close_v2(handle)
            throw error
        }
        self.handle = handle
        sqlite3_extended_result_codes(handle, 1)
    }

    /// Whether ``close()`` brings the log into the file; if not, what was only read stays as it was, byte for byte.
    func checkpointOnClose(_ isOn: Bool) throws(StoreError) {
        let code = gatehouse_checkpoint_on_close(handle, isOn ? 1 : 0)
        guard code == SQLITE_OK else { throw Self.error(code, handle) }
    }

    func close() {
        statements = [:]
        sqlite3_close_v2(handle)
    }

    /// Carries out one statement without parameters.
    func execute(_ sql: String) throws(StoreError) {
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw Self.error(code, handle) }
    }

    /// A statement that is prepared once and used again.
    func statement(_ sql: String) throws(StoreError) -> Statement {
        if let statement = statements[sql] {
            statement.reset()
            return statement
        }
        let statement = try Statement(sql, self)
        statements[sql] = statement
        return statement
    }

    /// The number that a query without parameters answers; 0 when it answers nothing.
    func number(_ sql: String) throws(StoreError) -> Int64 {
        let statement = try statement(sql)
        defer { statement.reset() }
        return try statement.step() ? statement.integer(0) : 0
    }

    /// The text that a query without parameters answers.
    func text(_ sql: String) throws(StoreError) -> String {
        let statement = try statement(sql)
        defer { statement.reset() }
        return try statement.step() ? statement.text(0) : ""
    }

    /// Rows that the last statement has changed.
    var changes: Int { Int(sqlite3_changes(handle)) }

    var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    static func error(_ code: Int32, _ handle: OpaquePointer?) -> StoreError {
        var reason = String(cString: sqlite3_errstr(code))
        if let handle {
            reason = String(cString: sqlite3_errmsg(handle))
            let system = sqlite3_system_errno(handle)
            if system != 0, code & 0xff != SQLITE_CORRUPT { reason += " (\(String(cString: strerror(system))))" }
        }
        switch code & 0xff {
        case SQLITE_CORRUPT, SQLITE_NOTADB: return .corrupt(reason: reason)
        case SQLITE_BUSY, SQLITE_LOCKED:
            // Some other program has it open, one that does not know our lock.
            let path = handle.flatMap { sqlite3_db_filename($0, "main") }.map { String(cString: $0) }
            return .inUse(path: path ?? "the file")
        default: return .unwritable(reason: reason)
        }
    }
}
