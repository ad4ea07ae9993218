/// How many calls ended, and how many of them failed, within the last stretch of time: ten counters in a ring.
struct CallWindow: Sendable {
    private static let slices = 10

    private var calls = [Int](repeating: 0, count: slices)
    private var failures = [Int](repeating: 0, count: slices)
    private let slice: Duration
    /// When the newest slice began, and its place in the ring; nil before the first call.
    private var newest: (start: ContinuousClock.Instant, index: Int)?

    init(length: Duration) {
        slice = max(length / Self.slices, .milliseconds(1))
    }

    mutating func add(failed: Bool, now: ContinuousClock.Instant) {
        advance(to: now)
        guard let index = newest?.index else { return }
        calls[index] += 1
        if failed { failures[index] += 1 }
    }

    mutating func totals(now: ContinuousClock.Instant) -> (calls: Int, failures: Int) {
        advance(to: now)
        return (calls.reduce(0, +), failures.reduce(0, +))
    }

    mutating func clear() {
        for index in 0..<Self.slices { empty(index) }
        newest = nil
    }

    /// Turns the ring until the newest slice contains `now`; time that steps back stays in the newest slice.
    private mutating func advance(to now: ContinuousClock.Instant) {
        guard let current = newest else {
            newest = (now, 0)
            return
        }
        let elapsed = current.start.duration(to: now) / slice
        guard elapsed >= 1 else { return }
        guard elapsed < Double(Self.slices) else {
            clear()
            newest = (now, 0)
            return
        }
        let steps = Int(elapsed)
        for step in 1...steps { empty((current.index + step) % Self.slices) }
        newest = (current.start + slice * steps, (current.index + steps) % Self.slices)
    }

    private mutating func empty(_ index: Int) {
        calls[index] = 0
        failures[index] = 0
    }
}
