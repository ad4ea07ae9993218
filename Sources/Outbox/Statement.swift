internal import CSQLite

/// A prepared statement: parameters are numbered from 1, columns from 0.
final class Statement {
    private let handle: OpaquePointer
    private let database: OpaquePointer

    init(_ sql: String, _ database: Database) throws(StoreError) {
        var handle: OpaquePointer?
        let code = sqlite3_prepare_v3(database.handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &handle, nil)
        guard code == SQLITE_OK, let handle else { throw Database.error(code, database.handle) }
        self.handle = handle
        self.database = database.handle
    }

    deinit { sqlite3_finalize(handle) }

    func reset() {
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
    }

    func bind(_ index: Int32, _ value: Int64) throws(StoreError) {
        try check(sqlite3_bind_int64(handle, index, value))
    }

    func bind(_ index: Int32, _ value: String) throws(StoreError) {
        var value = value
        try check(
            value.withUTF8 { bytes in
                bytes.withMemoryRebound(to: CChar.self) { text in
                    // A null pointer would bind NULL.
                    gatehouse_bind_text(handle, index, text.baseAddress ?? Self.nothing, Int32(clamping: text.count))
                }
            })
    }

    func bind(_ index: Int32, _ value: [UInt8]) throws(StoreError) {
        try check(
            value.withUnsafeBytes {
                gatehouse_bind_blob(
                    handle, index, $0.baseAddress ?? UnsafeRawPointer(Self.nothing), Int32(clamping: $0.count))
            })
    }

    /// Goes on to the next row; false at the end.
    func step() throws(StoreError) -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code:
            let error = Database.error(code, database)
            reset()
            throw error
        }
    }

    /// Carries out a statement that answers nothing.
    func run() throws(StoreError) {
        while try step() {}
        reset()
    }

    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

    func text(_ column: Int32) -> String { String(decoding: bytes(column), as: UTF8.self) }

    func bytes(_ column: Int32) -> [UInt8] {
        guard let start = sqlite3_column_blob(handle, column) else { return [] }
        let count = Int(sqlite3_column_bytes(handle, column))
        return Array(UnsafeRawBufferPointer(start: start, count: max(0, count)))
    }

    private func check(_ code: Int32) throws(StoreError) {
        guard code == SQLITE_OK else { throw Database.error(code, database) }
    }

    /// Something to point at when there are no bytes.
    nonisolated(unsafe) private static let nothing: UnsafePointer<CChar> = {
        let place = UnsafeMutablePointer<CChar>.allocate(capacity: 1)
        place.initialize(to: 0)
        return UnsafePointer(place)
    }()
}
