internal import Foundation

/// Opens the outbox: takes it for this process, checks it, and has a damaged one replaced.
package enum OutboxFile {
    package struct Opened {
        package var store: SQLiteEventStore
        /// What an operator has to know about a file that was damaged.
        package var damage: Damage?
    }

    /// A file that contradicted itself.
    package struct Damage: Hashable, Sendable {
        package var reason: String
        /// Where the damaged file lies now; nothing of it was deleted.
        package var quarantine: String
        /// Events whose checksums were right, which are in the new file; nil: an earlier start has counted them.
        package var salvaged: Int?
        /// The damaged part could not be read to its end, or had events with wrong checksums.
        package var isIncomplete: Bool
    }

    /// Lanes that no event came to for so long, in milliseconds, are forgotten: longer than an event may wait.
    package static let laneMemory: Int64 = 48 * 3_600_000

    /// - Parameter now: milliseconds since 1970.
    package static func open(_ path: String, now: Int64) throws(StoreError) -> Opened {
        try checkDirectory(of: path)
        // Before anything is made or moved: a wrong path costs nobody a file.
        try refuseForeign(path)
        let lock = try FileLock(path: path)
        let opened = try open(path, lock, now: now)
        let store = opened.store
        do throws(StoreError) {
            try store.begin()
            try store.forgetLanes(unusedSince: now - laneMemory)
            try store.commit()
        } catch {
            // Of no importance; whether it can be written is told when it has to be.
            store.rollback()
        }
        return opened
    }

    private static func refuseForeign(_ path: String) throws(StoreError) {
        guard try FileOrigin.of(path) == .somethingElse else { return }
        throw .foreign(
            path: path,
            reason: """
                is no outbox but a file of something else (name another file in outbox.path; or, if it was an outbox \
                whose beginning was destroyed, move it and \(path)-wal away)
                """)
    }

    private static func open(_ path: String, _ lock: FileLock, now: Int64) throws(StoreError) -> Opened {
        let replacement = Replacement(path: path)
        var damage = try replacement.finish()
        let origin = try FileOrigin.of(path)
        if origin == .logWithoutFile {
            damage = try replacement.run(reason: "the file is empty and its log is not", now: now)
        } else if origin == .outbox, let loss = LogLoss.find(path) {
            // SQLite would go on without a word, and write over what it cannot reach.
            damage = try replacement.run(reason: loss.reason, now: now)
            damage?.isIncomplete = true
        }
        try createPrivately(path)
        do throws(StoreError) {
            return Opened(store: try openChecked(path, lock), damage: damage)
        } catch {
            guard case .corrupt(let reason) = error else { throw error }
            guard origin == .outbox else {
                throw .foreign(
                    path: path,
                    reason: "is a damaged database, and nothing in it tells that it is an outbox: \(reason) "
                        + "(name another file in outbox.path, or move this one and \(path)-wal away)")
            }
            damage = try replacement.run(reason: reason, now: now)
            return Opened(store: try openChecked(path, lock), damage: damage)
        }
    }

    private static func openChecked(_ path: String, _ lock: FileLock?) throws(StoreError) -> SQLiteEventStore {
        let database = try SQLiteEventStore.inspect(path)
        do throws(StoreError) {
            let isNew = try SQLiteEventStore.isEmpty(database, path: path)
            if !isNew { try SQLiteEventStore.check(database) }
            try SQLiteEventStore.configure(database)
            if isNew { try SQLiteEventStore.create(database) }
            return try SQLiteEventStore(database, lock: lock)
        } catch {
            // Whatever is wrong with it, it stays as it is.
            try? database.checkpointOnClose(false)
            database.close()
            throw error
        }
    }

    private static func checkDirectory(of path: String) throws(StoreError) {
        let directory = directory(of: path)
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory), isDirectory.boolValue
        else {
            throw .inaccessible(
                path: path, reason: "the directory \(directory) does not exist (make it, or change outbox.path)")
        }
        guard access(directory, W_OK | X_OK) == 0 else {
            throw .inaccessible(
                path: path,
                reason: "the directory \(directory) is not writable (mend its rights, or change outbox.path)")
        }
    }

    static func directory(of path: String) -> String { URL(fileURLWithPath: path).deletingLastPathComponent().path }

    /// What clients send is nobody else's business; and the name of a new file is on the disk before anything is acked.
    static func createPrivately(_ path: String) throws(StoreError) {
        let descriptor = Foundation.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw .inaccessible(path: path, reason: String(cString: strerror(errno)))
        }
        close(descriptor)
        let directory = Foundation.open(directory(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { return }
        fsync(directory)
        close(directory)
    }
}
