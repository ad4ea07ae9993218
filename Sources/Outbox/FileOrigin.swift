internal import Glibc

/// What lies where the outbox is to be, as far as its bytes tell: nothing is locked, made or changed by the look.
///
/// A damaged outbox is moved aside; a file that is something else must not be. So it counts as an outbox when it carries
/// our mark somewhere: in its header, in its first page as it is in the log, or by the declaration of our table.
enum FileOrigin: Hashable {
    /// No file, or one without a byte.
    case nothing
    /// The file has nothing in it although its log has.
    case logWithoutFile
    case outbox
    /// A database that has no mark of ours: one that was just begun, or one of something else.
    case database
    case somethingElse

    private static let headLength = 4_096
    /// Frames of a log that are looked at: some 4 GB, which no log comes to.
    private static let maxFrames = 1 << 20

    static func of(_ path: String) throws(StoreError) -> FileOrigin {
        let head = try read(path)
        let log = try read("\(path)-wal", length: logHeadLength)
        guard !head.isEmpty else { return log.count < logHeadLength ? .nothing : .logWithoutFile }
        if isMarked(head) || declaresOurTable(head) || hasMarkedPage("\(path)-wal", head: log) { return .outbox }
        return head.starts(with: "SQLite format 3\0".utf8) ? .database : .somethingElse
    }

    // MARK: - Marks

    /// Where a database keeps the number of its application (sqlite.org/fileformat2.html, 1.3).
    private static let markPlace = 68
    private static let mark = (0..<4).map { UInt8(truncatingIfNeeded: SQLiteEventStore.applicationID >> (24 - 8 * $0)) }

    private static func isMarked(_ page: [UInt8]) -> Bool {
        page.count >= markPlace + mark.count && page[markPlace..<markPlace + mark.count].elementsEqual(mark)
    }

    private static func declaresOurTable(_ page: [UInt8]) -> Bool {
        // A text that speaks of it has no zeros.
        page.contains(0) && String(decoding: page, as: UTF8.self).contains(SQLiteEventStore.eventsDeclaration)
    }

    // MARK: - The log (sqlite.org/fileformat2.html, 4.1)

    private static let logHeadLength = 32
    private static let frameHeadLength = 24

    /// Whether the log has the first page of an outbox.
    private static func hasMarkedPage(_ log: String, head: [UInt8]) -> Bool {
        guard head.count == logHeadLength, [0x377f_0682, 0x377f_0683].contains(number(head, at: 0)) else {
            return false
        }
        let pageSize = number(head, at: 8)
        guard (512...65_536).contains(pageSize) else { return false }
        let descriptor = open(log, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var frame = [UInt8](repeating: 0, count: frameHeadLength + markPlace + mark.count)
        for index in 0..<maxFrames {
            let place = logHeadLength + index * (frameHeadLength + pageSize)
            guard pread(descriptor, &frame, frame.count, place) == frame.count else { return false }
            if number(frame, at: 0) == 1, isMarked(Array(frame[frameHeadLength...])) { return true }
        }
        return false
    }

    private static func number(_ bytes: [UInt8], at place: Int) -> Int {
        bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
    }

    // MARK: - Reading

    /// The beginning of a file; nothing when there is none.
    private static func read(_ path: String, length: Int = headLength) throws(StoreError) -> [UInt8] {
        // Not blocking: a pipe would wait for somebody who writes.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { return [] }
            throw .inaccessible(path: path, reason: String(cString: strerror(errno)))
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw .inaccessible(path: path, reason: "is not a file (name a file in outbox.path)")
        }
        var bytes = [UInt8](repeating: 0, count: length)
        let count = pread(descriptor, &bytes, length, 0)
        guard count >= 0 else { throw .inaccessible(path: path, reason: String(cString: strerror(errno))) }
        return Array(bytes.prefix(count))
    }
}
