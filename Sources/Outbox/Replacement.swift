internal import Foundation

/// Puts what is certainly right of a damaged file into a new one in its place; a crash at any moment loses nothing.
///
/// The new file is made beside the damaged one (`.new`), which stays where it is and as it is. When the new one is
/// complete and on the disk it gets a name that says so (`.salvaged-…`): from there on the next start finishes what this
/// one does not, by ``finish()``. A start that finds `.new` throws it away and begins once more.
struct Replacement {
    struct Move: Hashable {
        var from: String
        var to: String
    }

    private static let suffixes = ["-wal", "-shm", "-journal", ""]

    let path: String

    private var unfinished: String { "\(path).new" }
    private func salvaged(_ mark: String) -> String { "\(path).salvaged-\(mark)" }
    private func quarantine(_ mark: String) -> String { "\(path).corrupt-\(mark)" }

    /// Makes the new file and puts it in the place of the damaged one.
    ///
    /// Throws ``StoreError/inaccessible(path:reason:)`` when that cannot be; nothing has changed then.
    func run(reason: String, now: Int64) throws(StoreError) -> OutboxFile.Damage {
        let salvage: Salvage.Result
        do throws(StoreError) {
            salvage = try build()
        } catch {
            discard()
            throw .inaccessible(
                path: path,
                reason: """
                    is damaged (\(reason)), and what is right in it cannot be taken over: \(error.reason) (make room \
                    beside it or mend the rights, then start again; nothing was moved)
                    """)
        }
        let mark = freeMark(now)
        for move in moves(mark) { try carryOut(move) }
        return OutboxFile.Damage(
            reason: reason, quarantine: described(mark), salvaged: salvage.count, isIncomplete: salvage.isIncomplete)
    }

    /// Ends what an earlier start has begun; nil when there was nothing to end.
    func finish() throws(StoreError) -> OutboxFile.Damage? {
        discard()
        guard let mark = try interrupted() else { return nil }
        guard !exists(path) || !exists(quarantine(mark)) else {
            throw .inaccessible(
                path: path,
                reason: """
                    somebody made it anew while \(salvaged(mark)) was to take its place (both may hold events: start \
                    with the latter in its place, then with the former)
                    """)
        }
        for move in moves(mark).dropFirst() { try carryOut(move) }
        return OutboxFile.Damage(
            reason: "an earlier start was ended while it mended it", quarantine: described(mark), salvaged: nil,
            isIncomplete: true)
    }

    // MARK: - Making the new file

    /// Leaves it complete, on the disk, under its first name.
    func build() throws(StoreError) -> Salvage.Result {
        discard()
        try OutboxFile.createPrivately(unfinished)
        let database = try Database(path: unfinished)
        let result: Salvage.Result
        do throws(StoreError) {
            try SQLiteEventStore.configureForBuilding(database)
            try SQLiteEventStore.create(database)
            let store = try SQLiteEventStore(database, lock: nil)
            result = try Salvage.run(from: path, into: store)
        } catch {
            database.close()
            throw error
        }
        database.close()
        try synchronize(unfinished, O_RDWR)
        return result
    }

    /// What is not complete is of no use: all of it is in the damaged file.
    private func discard() {
        for suffix in Self.suffixes { unlink(unfinished + suffix) }
    }

    // MARK: - Changing places

    /// In this order, each on the disk before the next; those whose file is not there any more were carried out before.
    func moves(_ mark: String) -> [Move] {
        [Move(from: unfinished, to: salvaged(mark))]
            // The log too before the new file comes: it would be taken for that one's.
            + Self.suffixes.map { Move(from: path + $0, to: quarantine(mark) + $0) }
            + [Move(from: salvaged(mark), to: path)]
    }

    func carryOut(_ move: Move) throws(StoreError) {
        guard exists(move.from) else { return }
        guard rename(move.from, move.to) == 0 else {
            throw .inaccessible(
                path: path,
                reason: "\(move.from) cannot be renamed to \(move.to): \(String(cString: strerror(errno)))")
        }
        try synchronize(OutboxFile.directory(of: path), O_RDONLY | O_DIRECTORY)
    }

    private func synchronize(_ path: String, _ flags: Int32) throws(StoreError) {
        let descriptor = open(path, flags | O_CLOEXEC)
        guard descriptor >= 0, fsync(descriptor) == 0 else {
            let code = errno
            if descriptor >= 0 { close(descriptor) }
            throw .inaccessible(path: path, reason: "cannot be brought to the disk: \(String(cString: strerror(code)))")
        }
        close(descriptor)
    }

    // MARK: - Names

    private func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    private func freeMark(_ now: Int64) -> String {
        var mark = "\(now)"
        while (Self.suffixes.contains { exists(quarantine(mark) + $0) }) { mark += "x" }
        return mark
    }

    /// The mark of a new file that is complete and not in its place yet.
    private func interrupted() throws(StoreError) -> String? {
        let prefix = URL(fileURLWithPath: salvaged("")).lastPathComponent
        let directory = OutboxFile.directory(of: path)
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: directory) else {
            throw .inaccessible(path: path, reason: "the directory \(directory) cannot be read")
        }
        return names.first { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
    }

    /// Where the damaged file lies now, or what there was of it.
    private func described(_ mark: String) -> String {
        let file = quarantine(mark)
        return exists(file) ? file : "\(file)-wal"
    }
}
