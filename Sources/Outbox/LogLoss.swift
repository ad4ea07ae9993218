internal import Glibc

/// A log of an outbox in which a frame has become wrong after those behind it were written.
struct LogLoss: Hashable {
    /// The number of the frame, from 1; 0 for the head of the log.
    var wrong: Int
    /// Frames behind it that are whole, and that SQLite would pass over.
    var lost: Int

    var reason: String {
        let place = wrong == 0 ? "the head of its log" : "frame \(wrong) of its log"
        return "\(place) is wrong, and \(lost) frames behind it, which hold events, cannot be reached"
    }

    /// Reads the log beside a database; nil when all that was committed can be reached, as far as can be said.
    ///
    /// A log that cannot be read is SQLite's to complain about.
    static func find(_ path: String) -> LogLoss? {
        let log = open("\(path)-wal", O_RDONLY | O_CLOEXEC)
        guard log >= 0 else { return nil }
        defer { close(log) }
        var head = [UInt8](repeating: 0, count: LogFrames.headLength)
        guard pread(log, &head, head.count, 0) == head.count,
            var frames = head.withUnsafeBytes({ LogFrames(head: $0, pageSize: pageSize(of: path)) })
        else { return nil }
        var frame = [UInt8](repeating: 0, count: LogFrames.frameHeadLength + frames.pageSize)
        var place = head.count
        while pread(log, &frame, frame.count, place) == frame.count {
            frame.withUnsafeBytes { frames.add($0) }
            place += frame.count
        }
        guard frames.lost > 0, let wrong = frames.firstWrong else { return nil }
        return LogLoss(wrong: wrong, lost: frames.lost)
    }

    /// As its file says (sqlite.org/fileformat2.html, 1.3.2).
    private static func pageSize(of path: String) -> Int {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return LogFrames.usualPageSize }
        defer { close(file) }
        var bytes: [UInt8] = [0, 0]
        guard pread(file, &bytes, 2, 16) == 2 else { return LogFrames.usualPageSize }
        let size = Int(bytes[0]) << 8 | Int(bytes[1])
        // The largest does not fit.
        if size == 1 { return 65_536 }
        return size >= 512 && size.nonzeroBitCount == 1 ? size : LogFrames.usualPageSize
    }
}
