extension SQLiteEventStore {
    /// "GHOB": tells our files from other databases.
    static let applicationID: Int64 = 0x4748_4F42
    /// Grows with every change that an older version cannot read.
    static let schemaVersion: Int64 = 1

    static func configure(_ database: Database) throws(StoreError) {
        try database.execute("PRAGMA locking_mode = EXCLUSIVE")
        let mode = try database.text("PRAGMA journal_mode = WAL")
        guard mode == "wal" else { throw .unwritable(reason: "no write-ahead log here (journal mode \(mode))") }
        // FULL: every commit is on the disk when it returns, not only in the page cache.
        for pragma in [
            "synchronous = FULL", "wal_autocheckpoint = 1000", "journal_size_limit = 67108864", "temp_store = MEMORY",
            "cache_size = -8192", "cell_size_check = ON", "trusted_schema = OFF",
        ] { try database.execute("PRAGMA \(pragma)") }
    }

    /// Makes the tables of an empty file, or finds that the file is one of ours.
    static func prepare(_ database: Database, path: String) throws(StoreError) {
        let application = try database.number("PRAGMA application_id")
        let version = try database.number("PRAGMA user_version")
        let isEmpty = try database.number("SELECT count(*) FROM sqlite_master") == 0
        if isEmpty, application == 0, version == 0 { return try create(database) }
        guard application == applicationID else {
            throw .foreign(path: path, reason: "is a database of something else (name another file in outbox.path)")
        }
        guard version <= schemaVersion else {
            throw .foreign(
                path: path,
                reason: "was written by a newer version (schema \(version), this one knows \(schemaVersion))")
        }
    }

    private static func create(_ database: Database) throws(StoreError) {
        try database.execute(
            """
            BEGIN IMMEDIATE;
            CREATE TABLE events(
                position INTEGER PRIMARY KEY AUTOINCREMENT, origin INTEGER NOT NULL, id TEXT NOT NULL,
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
        guard verdict == "ok" else { throw .corrupt(reason: verdict) }
    }
}
