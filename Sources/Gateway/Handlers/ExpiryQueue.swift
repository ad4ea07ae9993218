/// When waiting jobs run out of time.
///
/// Jobs with the same timeout expire in the order in which they came, and there are few different timeouts (one per
/// route), so each has a queue of its own and nothing is ever sorted.
struct ExpiryQueue: Sendable {
    private struct Item {
        var deadline: ContinuousClock.Instant
        var id: UInt64
    }

    private struct Queue {
        var items: [Item] = []
        var head = 0

        var first: Item? { head < items.count ? items[head] : nil }

        mutating func removeFirst() {
            head += 1
            guard head >= 64, head * 2 >= items.count else { return }
            // Half of the array is behind us: moving the other half costs no more than the removals that led here.
            items.removeFirst(head)
            head = 0
        }
    }

    private var queues: [Duration: Queue] = [:]

    /// The earliest deadline.
    var next: ContinuousClock.Instant? {
        queues.values.compactMap { $0.first?.deadline }.min()
    }

    var count: Int { queues.values.reduce(0) { $0 + $1.items.count - $1.head } }

    /// - Parameter isWaiting: tells which jobs are still of interest; the others leave the head of the queue.
    mutating func append(
        _ id: UInt64, timeout: Duration, now: ContinuousClock.Instant, isWaiting: (UInt64) -> Bool
    ) {
        var queue = queues.removeValue(forKey: timeout) ?? Queue()
        while let first = queue.first, !isWaiting(first.id) { queue.removeFirst() }
        queue.items.append(Item(deadline: now + timeout, id: id))
        queues[timeout] = queue
    }

    /// Takes out the jobs whose time is up, at most `limit` of them.
    mutating func expired(now: ContinuousClock.Instant, limit: Int) -> [UInt64] {
        var ids: [UInt64] = []
        for timeout in queues.keys {
            guard var queue = queues.removeValue(forKey: timeout) else { continue }
            while ids.count < limit, let first = queue.first, first.deadline <= now {
                ids.append(first.id)
                queue.removeFirst()
            }
            if queue.first != nil { queues[timeout] = queue }
        }
        return ids
    }
}
