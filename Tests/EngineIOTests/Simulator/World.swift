import Randomness

/// Virtual time, what is due in it, the dice, and what went wrong.
///
/// One seed is one world.
final class World {
    private struct Event {
        var time: Int
        /// Events of one instant happen in the order in which they were planned.
        var order: Int
        var action: () -> Void

        static func < (left: Event, right: Event) -> Bool {
            left.time != right.time ? left.time < right.time : left.order < right.order
        }
    }

    private static let start = ContinuousClock.now

    let seed: UInt64
    var random: SeededRandom
    /// Milliseconds since the start.
    private(set) var time = 0
    private var events: [Event] = []
    private var planned = 0
    private(set) var failures: [String] = []
    let isTracing: Bool
    private(set) var trace: [String] = []
    /// How often each interesting thing has happened.
    private(set) var counts: [String: Int] = [:]

    init(seed: UInt64, isTracing: Bool) {
        self.seed = seed
        self.isTracing = isTracing
        random = SeededRandom(seed: seed)
    }

    var now: ContinuousClock.Instant { Self.start + .milliseconds(time) }

    func milliseconds(_ instant: ContinuousClock.Instant) -> Int {
        let (seconds, attoseconds) = Self.start.duration(to: instant).components
        return Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
    }

    func fail(_ what: String) { failures.append("at \(time) ms: \(what)") }

    func expect(_ condition: Bool, _ what: @autoclosure () -> String) {
        if !condition { fail(what()) }
    }

    func count(_ what: String) { counts[what, default: 0] += 1 }

    func note(_ what: @autoclosure () -> String) {
        if isTracing { trace.append("\(time) \(what())") }
    }

    /// Most things take a few milliseconds, some a good while.
    func latency() -> Int {
        random.oneIn(30) ? 20 + random.below(100) : 1 + random.below(8)
    }

    func at(_ time: Int, _ action: @escaping () -> Void) {
        planned += 1
        events.append(Event(time: max(time, self.time), order: planned, action: action))
        var child = events.count - 1
        while child > 0, events[child] < events[(child - 1) / 2] {
            events.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    func after(_ delay: Int, _ action: @escaping () -> Void) { at(time + delay, action) }

    /// Lets everything happen that is due up to an instant, or until something has gone wrong.
    func run(until end: Int) {
        var steps = 0
        while failures.isEmpty, let next = events.first, next.time <= end {
            removeFirst()
            time = next.time
            next.action()
            steps += 1
            expect(steps < 50_000, "this never ends")
        }
        time = max(time, end)
    }

    /// Forgets what is still to come, which would keep everyone in it alive.
    func end() { events = [] }

    private func removeFirst() {
        guard let last = events.popLast(), !events.isEmpty else { return }
        events[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < events.count && events[child] < events[least] {
                least = child
            }
            if least == parent { return }
            events.swapAt(parent, least)
            parent = least
        }
    }
}
