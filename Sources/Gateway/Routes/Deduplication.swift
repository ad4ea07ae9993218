/// Remembers what became of events by the ids that clients gave them, so that a repeat is answered and not handled.
///
/// Of a session the last ``idsPerSession`` ids are remembered, for ``memory`` since their answer; all answers together take
/// at most ``maxBytes``, and the oldest go first. An event that is still being handled is never forgotten.
struct Deduplication<Waiter>: Sendable where Waiter: Sendable {
    /// Of the promise to clients: delivery.md, 1.8.
    static var idsPerSession: Int { 1_000 }
    static var memory: Duration { .seconds(120) }
    /// Repeats that wait for one answer; a client that sends more has the oldest go unanswered.
    static var maxWaiters: Int { 16 }
    /// Answers of all sessions together.
    static var maxBytes: Int { 64 << 20 }
    /// What an entry takes beside its answer.
    static var entryBytes: Int { 200 }

    struct Key: Hashable, Sendable {
        /// The socket's id, which a recovered session keeps.
        var session: String
        var route: String
        var id: String
    }

    enum Arrival: Sendable {
        /// It is to be handled, and then reported by ``finish(_:_:bytes:now:)``.
        case first
        /// Its first arrival is being handled: the waiter is given back with the answer.
        case waits
        case answered(DedupeAnswer)
    }

    private struct Entry: Sendable {
        var answer: DedupeAnswer?
        var waiters: [Waiter] = []
        var bytes = 0
        /// Tells this life of the id from another one.
        var number: UInt64
    }

    private var entries: [Key: Entry] = [:]
    private var sessions: [String: Int] = [:]
    /// In the order of their answers.
    private var answered: [(key: Key, number: UInt64, until: ContinuousClock.Instant)] = []
    private var head = 0
    private var bytes = 0
    private var lastNumber: UInt64 = 0

    /// Ids that are remembered.
    var count: Int { entries.count }

    /// An event with an id has come.
    mutating func arrived(_ key: Key, _ waiter: Waiter?, now: ContinuousClock.Instant) -> Arrival {
        expire(now)
        if var entry = entries[key] {
            if let answer = entry.answer { return .answered(answer) }
            if let waiter {
                if entry.waiters.count >= Self.maxWaiters { entry.waiters.removeFirst() }
                entry.waiters.append(waiter)
                entries[key] = entry
            }
            return .waits
        }
        lastNumber &+= 1
        entries[key] = Entry(number: lastNumber)
        sessions[key.session, default: 0] += 1
        return .first
    }

    /// The first arrival has been handled.
    ///
    /// - Parameter answer: nil: nothing was done, so that a repeat is to be handled.
    /// - Returns: who waits for the same.
    mutating func finish(_ key: Key, _ answer: DedupeAnswer?, now: ContinuousClock.Instant) -> [Waiter] {
        guard var entry = entries[key], entry.answer == nil else { return [] }
        let waiters = entry.waiters
        guard let answer else {
            remove(key)
            return waiters
        }
        entry.waiters = []
        entry.answer = answer
        entry.bytes = Self.entryBytes + key.session.utf8.count + key.id.utf8.count + answer.bytes
        bytes += entry.bytes
        entries[key] = entry
        answered.append((key, entry.number, now + Self.memory))
        while bytes > Self.maxBytes, popOldest() {}
        if sessions[key.session] ?? 0 > Self.idsPerSession { forgetOldest(of: key.session) }
        return waiters
    }

    private mutating func expire(_ now: ContinuousClock.Instant) {
        while head < answered.count, answered[head].until <= now, popOldest() {}
    }

    /// Returns `false` when there is none.
    private mutating func popOldest() -> Bool {
        guard head < answered.count else { return false }
        let (key, number, _) = answered[head]
        head += 1
        if entries[key]?.number == number { remove(key) }
        if head >= 64, head * 2 >= answered.count {
            // Half of the array is behind us: moving the other half costs no more than the removals that led here.
            answered.removeFirst(head)
            head = 0
        }
        return true
    }

    /// Makes room for a tenth, so that it is not looked through for every event of a busy session.
    private mutating func forgetOldest(of session: String) {
        var surplus = Self.idsPerSession / 10
        for (key, number, _) in answered[head...] where surplus > 0 && key.session == session {
            guard entries[key]?.number == number else { continue }
            remove(key)
            surplus -= 1
        }
    }

    private mutating func remove(_ key: Key) {
        guard let entry = entries.removeValue(forKey: key) else { return }
        bytes -= entry.bytes
        let left = (sessions[key.session] ?? 1) - 1
        sessions[key.session] = left > 0 ? left : nil
    }

    /// Whether the counts agree with the entries.
    ///
    /// For tests.
    func invariants() -> Bool {
        var counts: [String: Int] = [:]
        for key in entries.keys { counts[key.session, default: 0] += 1 }
        return counts == sessions && bytes == entries.values.reduce(0) { $0 + $1.bytes } && bytes <= Self.maxBytes
    }
}
