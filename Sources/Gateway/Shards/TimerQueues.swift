import NIOCore

/// Something that asked to be told when a time has passed.
protocol TimerTarget: AnyObject {
    /// The time is up. `token` is what was given to ``TimerQueues/schedule(after:target:token:)``.
    func timerFired(token: UInt32, now: ContinuousClock.Instant)
}

/// What the timers of one object hold on to in its place, so that an object which is through can go before its timers
/// have run out: it takes itself out of its slot.
final class TimerSlot {
    fileprivate var target: (any TimerTarget)?

    init() {}

    /// From now on timers are for `target`.
    ///
    /// Makes a cycle, which ``cancelAll()`` ends.
    func set(_ target: any TimerTarget) { self.target = target }

    /// No timer fires any more.
    func cancelAll() { self.target = nil }
}

/// The timers of a loop, for delays that many share: heartbeats, handshakes, lingering closes.
///
/// All entries of one delay fall due in the order in which they were made, so each delay has a plain first-in-first-out
/// queue: constant time a timer, and one timer of the loop for all of them. Entries are never cancelled: whoever is woken
/// asks its own state whether there is anything to do, and ``TimerSlot/cancelAll()`` silences what is through.
final class TimerQueues {
    private struct Entry {
        var due: ContinuousClock.Instant
        var token: UInt32
        var slot: TimerSlot
    }

    private let loop: any EventLoop
    private var queues: [Duration: CircularBuffer<Entry>] = [:]
    private var armed: (due: ContinuousClock.Instant, task: Scheduled<Void>)?

    init(loop: any EventLoop) {
        self.loop = loop
    }

    func schedule(after delay: Duration, slot: TimerSlot, token: UInt32, now: ContinuousClock.Instant = .now) {
        let due = now + delay
        self.queues[delay, default: CircularBuffer(initialCapacity: 1)].append(
            Entry(due: due, token: token, slot: slot))
        if let armed = self.armed {
            guard due < armed.due else { return }
            armed.task.cancel()
        }
        self.arm(due, now: now)
    }

    /// Entries that fall due within a millisecond share a wake-up of the loop.
    private static let grain: Duration = .milliseconds(1)

    private func arm(_ due: ContinuousClock.Instant, now: ContinuousClock.Instant) {
        let due = max(due, now + Self.grain)
        let bound = NIOLoopBound(self, eventLoop: self.loop)
        let task = self.loop.scheduleTask(in: TimeAmount(now.duration(to: due))) { bound.value.fire() }
        self.armed = (due, task)
    }

    private func fire() {
        self.armed = nil
        let now = ContinuousClock.now
        for delay in Array(self.queues.keys) {
            while let entry = self.queues[delay]?.first, entry.due <= now {
                self.queues[delay]?.removeFirst()
                entry.slot.target?.timerFired(token: entry.token, now: now)
            }
            // A delay that came with one request must not stay for ever.
            if self.queues[delay]?.isEmpty == true { self.queues[delay] = nil }
        }
        guard let next = self.queues.values.lazy.compactMap({ $0.first?.due }).min() else { return }
        if let armed = self.armed {
            guard next < armed.due else { return }
            armed.task.cancel()
        }
        self.arm(next, now: now)
    }
}
