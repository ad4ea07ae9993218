extension SQLiteEventStore {
    /// "GHOB": tells our files from other databases.
    static let applicationID: Int64 = 0x4748_4F42
    /// Grows with every change that an older version cannot read.
    static let schemaVersion: Int64 = 1
    /// Stands so in the first page of every outbox.
    static let eventsDeclaration = """
        CREATE TABLE events(
            position INTEGER PRIMARY KEY AUTOINCREMENT, origin INTEGER NOT NULL, id TEXT NOT NULL,
        """

    /// Opens a file without changing it: it may be somebody else's, or damaged.
    static func inspect(_ path: String) throws(StoreError) -> Database {
        let database = try Database(path: path, creates: false)
        do throws(StoreError) {
            try database.checkpointOnClose(false)
            for pragma in [
                "locking_mode = EXCLUSIVE", "temp_store = MEMORY", "cache_size = -8192", "cell_size_check = ON",
                "trusted_schema = OFF",
            ] { try database.execute("PRAGMA \(pragma)") }
            return database
        } catch {
            database.close()
            throw error
        }
    }

    /// From here on it is written to.
    static func configure(_ database: Database) throws(StoreError) {
        let mode = try database.text("PRAGMA journal_mode = WAL")
        guard mode == "wal" else { throw .unwritable(reason: "no write-ahead log here (journal mode \(mode))") }
        // FULL: every commit is on the disk when it returns, not only in the page cache.
        for pragma in ["synchronous = FULL", "wal_autocheckpoint = 1000", "journal_size_limit = 67108864"] {
            try database.execute("PRAGMA \(pragma)")
        }
        try database.checkpointOnClose(true)
    }

    /// For a file that is thrown away unless it is completed, and brought to the disk then.
    static func configureForBuilding(_ database: Database) throws(StoreError) {
        for pragma in ["journal_mode = OFF", "synchronous = OFF"] { try database.execute("PRAGMA \(pragma)") }
    }

    /// Whether the file has nothing in it yet; throws ``StoreError/foreign(path:reason:)`` when it is none of ours.
    static func isEmpty(_ database: Database, path: String) throws(StoreError) -> Bool {
        let application = try database.number("PRAGMA application_id")
        let version = try database.number("PRAGMA user_version")
        let isEmpty = try database.number("SELECT count(*) FROM sqlite_master") == 0
        if isEmpty, application == 0, version == 0 { return true }
        guard application == applicationID else {
            throw .foreign(path: path, reason: "is a database of something else (name another file in outbox.path)")
        }
        guard version <= schemaVersion else {
            throw .foreign(
                path: path,
                reason: "was written by a newer version (schema \(version), this one knows \(schemaVersion))")
        }
        return false
    }

    static func create(_ database: Database) throws(StoreError) {
        try database.execute(
            """
            BEGIN IMMEDIATE;
            \(eventsDeclaration)
                handler TEXT NOT NULL, route TEXT NOT NULL, lane TEXT NOT NULL, seq INTEGER NOT NULL,
                type TEXT NOT NULL, socket TEXT NOT NULL, namespace TEXT NOT NULL,
                accepted INTEGER NOT NULL, since INTEGER NOT NULL,
                attempts INTEGER NOT NULL, not_before INTEGER NOT NULL,
                state INTEGER NOT NULL DEFAULT 0, reason TEXT, status INTEGER, problem TEXT, response BLOB, died INTEGER,
                checksum INTEGER NOT NULL, head BLOB NOT NULL, tail BLOB NOT NULL) STRICT;
            CREATE INDEX pending ON events(handler, position) WHERE state = 0;
            CREATE INDEX pending_of_lane ON events(handler, lane, position) WHERE state = 0;
            CREATE INDEX dead ON events(origin) WHERE state = 1;
            CREATE INDEX dead_by_id ON events(id) WHERE state = 1;
            CREATE TABLE lanes(
                handler TEXT NOT NULL, lane TEXT NOT NULL, seq INTEGER NOT NULL, used INTEGER NOT NULL,
                PRIMARY KEY(handler, lane)) STRICT, WITHOUT ROWID;
            CREATE TABLE meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
            PRAGMA application_id = \(applicationID);
            PRAGMA user_version = \(schemaVersion);
            COMMIT;
            """)
    }

    /// Throws ``StoreError/corrupt(reason:)`` when the file contradicts itself.
    static func check(_ database: Database) throws(StoreError) {
        // Not the quick one: an index that lacks an event would have it forgotten.
        let verdict = try database.text("PRAGMA integrity_check(1)")
        guard verdict == "ok" else {
            throw .corrupt(reason: verdict.split(whereSeparator: \.isNewline).joined(separator: " "))
        }
    }
}
