/// When messages are due that leave at a rate, whatever has come back.
///
/// Who waits for answers before it sends does not see how long others would have waited.
struct Pace {
    private let nanoseconds: Double
    private var start: UInt64?
    /// How many were due so far.
    private var count: UInt64 = 0

    /// - Parameter rate: a second; above 0.
    init(rate: Double) { self.nanoseconds = 1e9 / rate }

    /// When the next one is due; `nil` before the first.
    private(set) var next: UInt64?

    /// The instant at which the next message was due, if that has come; the first is due at once.
    mutating func due(at now: UInt64) -> UInt64? {
        let due = self.next ?? now
        guard due <= now else { return nil }
        let start = self.start ?? now
        self.start = start
        self.count += 1
        // From the start, so that nothing that is rounded adds up.
        self.next = start &+ UInt64(min(Double(self.count) * self.nanoseconds, 1e18))
        return due
    }

    /// How many are due at an instant and were not asked for.
    func overdue(at now: UInt64) -> Int {
        guard let start, let next, next <= now else { return 0 }
        return max(0, Int(clamping: Int64(Double(now - start) / self.nanoseconds)) + 1 - Int(clamping: self.count))
    }
}
