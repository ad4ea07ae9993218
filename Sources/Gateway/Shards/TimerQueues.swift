import NIOCore

/// Something that asked to be told when a time has passed.
protocol TimerTarget: AnyObject {
    /// The time is up. `token` is what was given to ``TimerQueues/schedule(after:target:token:)``.
    func timerFired(token: UInt32, now: ContinuousClock.Instant)
}

/// The timers of a loop, for delays that many share: heartbeats, handshakes, lingering closes.
///
/// All entries of one delay fall due in the order in which they were made, so each delay has a plain first-in-first-out
/// queue: constant time a timer, and one timer of the loop for all of them. Entries are never cancelled: whoever is woken
/// asks its own state whether there is anything to do.
final class TimerQueues {
    private struct Entry {
        var due: ContinuousClock.Instant
        var token: UInt32
        var target: any TimerTarget
    }

    private let loop: any EventLoop
    private var queues: [Duration: CircularBuffer<Entry>] = [:]
    private var armed: (due: ContinuousClock.Instant, task: Scheduled<Void>)?

    init(loop: any EventLoop) {
        self.loop = loop
    }

    func schedule(after delay: Duration, target: any TimerTarget, token: UInt32, now: ContinuousClock.Instant = .now) {
        let due = now + delay
        self.queues[delay, default: CircularBuffer(initialCapacity: 1)].append(Entry(due: due, token: token, target: target))
        if let armed = self.armed {
            guard due < armed.due else { return }
            armed.task.cancel()
        }
        self.arm(due, now: now)
    }

    private func arm(_ due: ContinuousClock.Instant, now: ContinuousClock.Instant) {
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
                entry.target.timerFired(token: entry.token, now: now)
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
