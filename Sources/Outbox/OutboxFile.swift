internal import Foundation

/// Opens the outbox: takes it for this process, checks it, and moves a damaged file aside.
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
        /// Events whose checksums were right, which are in the new file.
        package var salvaged: Int
        /// The damaged part could not be read to its end, or had events with wrong checksums.
        package var isIncomplete: Bool
    }

    /// Lanes that no event came to for so long, in milliseconds, are forgotten: longer than an event may wait.
    package static let laneMemory: Int64 = 48 * 3_600_000

    /// - Parameter now: milliseconds since 1970.
    package static func open(_ path: String, now: Int64) throws(StoreError) -> Opened {
        try checkDirectory(of: path)
        let lock = try FileLock(path: path)
        try createPrivately(path)
        let opened: Opened
        do throws(StoreError) {
            opened = Opened(store: try openChecked(path, lock), damage: nil)
        } catch {
            guard case .corrupt(let reason) = error else { throw error }
            opened = try replace(path, lock, reason: reason, now: now)
        }
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

    private static func openChecked(_ path: String, _ lock: FileLock?) throws(StoreError) -> SQLiteEventStore {
        let database = try Database(path: path)
        do throws(StoreError) {
            try SQLiteEventStore.configure(database)
            try SQLiteEventStore.prepare(database, path: path)
            try SQLiteEventStore.check(database)
            return try SQLiteEventStore(database, lock: lock)
        } catch {
            database.close()
            throw error
        }
    }

    private static func checkDirectory(of path: String) throws(StoreError) {
        let directory = URL(fileURLWithPath: path).deletingLastPathComponent().path
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory), isDirectory.boolValue
        else { throw .inaccessible(path: path, reason: "the directory \(directory) does not exist") }
        guard access(directory, W_OK | X_OK) == 0 else {
            throw .inaccessible(path: path, reason: "the directory \(directory) is not writable")
        }
    }

    /// What clients send is nobody else's business; and the name of a new file is on the disk before anything is acked.
    private static func createPrivately(_ path: String) throws(StoreError) {
        let descriptor = Foundation.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw .inaccessible(path: path, reason: String(cString: strerror(errno)))
        }
        close(descriptor)
        let directory = Foundation.open(
            URL(fileURLWithPath: path).deletingLastPathComponent().path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { return }
        fsync(directory)
        close(directory)
    }

    // MARK: - Damage

    /// Moves the file aside, and begins a new one with what of it is certainly right.
    private static func replace(
        _ path: String, _ lock: FileLock, reason: String, now: Int64
    ) throws(StoreError) -> Opened {
        let quarantine = try quarantine(path, now: now)
        try createPrivately(path)
        let store = try openChecked(path, lock)
        let copy = "\(path).salvage"
        defer { remove(copy) }
        do {
            remove(copy)
            for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: quarantine + suffix) {
                try FileManager.default.copyItem(atPath: quarantine + suffix, toPath: copy + suffix)
            }
        } catch {
            store.close()
            throw .inaccessible(path: path, reason: "no room to look into the damaged file: \(error)")
        }
        let salvage = try Salvage.run(from: copy, into: store)
        return Opened(
            store: store,
            damage: Damage(
                reason: reason, quarantine: quarantine, salvaged: salvage.count, isIncomplete: salvage.isIncomplete))
    }

    private static func quarantine(_ path: String, now: Int64) throws(StoreError) -> String {
        var target = "\(path).corrupt-\(now)"
        while FileManager.default.fileExists(atPath: target) { target += "x" }
        for suffix in ["-wal", "-shm", ""] where FileManager.default.fileExists(atPath: path + suffix) {
            guard rename(path + suffix, target + suffix) == 0 else {
                throw .inaccessible(
                    path: path, reason: "is damaged and cannot be moved aside: \(String(cString: strerror(errno)))")
            }
        }
        return target
    }

    private static func remove(_ path: String) {
        for suffix in ["", "-wal", "-shm", "-journal"] { unlink(path + suffix) }
    }
}
