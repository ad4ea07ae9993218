/// Remembers what became of events by the ids that clients gave them, so that a repeat is answered and not handled.
///
/// Of a session the last ``idsPerSession`` ids are remembered, for ``memory`` since their answer, as long as their answers
/// take no more than ``maxSessionBytes``; all sessions together take at most `maxBytes`, and the oldest go first. An event
/// that is still being handled is never forgotten, nor is the last answer of all. What an event costs does not depend on
/// how much is remembered.
struct Deduplication<Waiter>: Sendable where Waiter: Sendable {
    /// Of the promise to clients: delivery.md, 1.8.
    static var idsPerSession: Int { 1_000 }
    static var memory: Duration { .seconds(120) }
    /// Repeats that wait for one answer; a client that sends more has the oldest go unanswered.
    static var maxWaiters: Int { 16 }
    /// Answers of one session, half a kilobyte for each id: a client with larger ones forgets its own, not those of others.
    static var maxSessionBytes: Int { 1 << 20 }
    /// What an entry takes beside its answer: its key twice, an id of ``ChosenID/maxBytes``, and room that tables have left.
    static var entryBytes: Int { 500 }
    /// Old entries that one event forgets: more than it adds, so that nothing piles up, and few enough for an event loop.
    static var expiriesPerArrival: Int { 8 }

    struct Key: Hashable, Sendable {
        /// The socket's id, which a recovered session keeps.
        var session: String
        var route: String
        var id: ChosenID

        init(session: String, route: String, id: String) {
            self.session = session
            self.route = route
            self.id = ChosenID(id)
        }
    }

    enum Arrival: Sendable {
        /// It is to be handled, and then reported by ``finish(_:_:now:)``.
        case first
        /// Its first arrival is being handled: the waiter is given back with the answer.
        case waits
        case answered(DedupeAnswer)
    }

    private struct Entry: Sendable {
        var key: Key
        /// Nil while its first arrival is being handled.
        var answer: DedupeAnswer?
        var until: ContinuousClock.Instant
        var waiters: [Waiter] = []
        var bytes = 0
        /// Those with answers, in the order of these: its neighbours in the table, and the next one of its session.
        var previous = none
        var next = none
        var nextOfSession = none
    }

    private struct Session: Sendable {
        /// Ids, those that are being handled included.
        var count = 0
        var bytes = 0
        /// Those with answers.
        var oldest = none
        var newest = none
    }

    /// Stands for no slot.
    private static var none: Int { -1 }

    private let maxBytes: Int
    private var slots: [Key: Int] = [:]
    private var entries: [Entry?] = []
    private var freeSlots: [Int] = []
    private var sessions: [String: Session] = [:]
    private var oldest = none
    private var newest = none
    private var bytes = 0

    /// - Parameter maxBytes: of all answers together.
    init(maxBytes: Int) { self.maxBytes = maxBytes }

    /// Ids that are remembered.
    var count: Int { slots.count }
    /// Places for ids, those that are free included.
    var slotCount: Int { entries.count }

    /// An event with an id has come.
    mutating func arrived(_ key: Key, _ waiter: Waiter?, now: ContinuousClock.Instant) -> Arrival {
        expire(now)
        if let slot = slots[key], let entry = entries[slot] {
            guard let answer = entry.answer else {
                guard let waiter else { return .waits }
                if entry.waiters.count >= Self.maxWaiters { entries[slot]?.waiters.removeFirst() }
                entries[slot]?.waiters.append(waiter)
                return .waits
            }
            if now < entry.until { return .answered(answer) }
            // As old as it, or older.
            while let session = sessions[key.session], session.oldest != slot { forget(session.oldest) }
            forget(slot)
        }
        let slot = freeSlots.popLast() ?? entries.count
        if slot == entries.count { entries.append(nil) }
        entries[slot] = Entry(key: key, until: now)
        slots[key] = slot
        sessions[key.session, default: Session()].count += 1
        return .first
    }

    /// The first arrival has been handled.
    ///
    /// - Parameter answer: nil: nothing was done, so that a repeat is to be handled.
    /// - Returns: who waits for the same.
    mutating func finish(_ key: Key, _ answer: DedupeAnswer?, now: ContinuousClock.Instant) -> [Waiter] {
        guard let slot = slots[key], let entry = entries[slot], entry.answer == nil else { return [] }
        guard let answer else {
            remove(slot)
            return entry.waiters
        }
        append(slot, answer, until: now + Self.memory)
        while let session = sessions[key.session], session.oldest != slot,
            session.count > Self.idsPerSession || session.bytes > Self.maxSessionBytes
        {
            forget(session.oldest)
        }
        while bytes > maxBytes, oldest != slot { forget(oldest) }
        return entry.waiters
    }

    private mutating func expire(_ now: ContinuousClock.Instant) {
        for _ in 0..<Self.expiriesPerArrival {
            guard oldest != Self.none, let entry = entries[oldest], entry.until <= now else { return }
            forget(oldest)
        }
    }

    /// An entry gets its answer: the newest of the table and of its session.
    private mutating func append(_ slot: Int, _ answer: DedupeAnswer, until: ContinuousClock.Instant) {
        guard var entry = entries[slot], var session = sessions[entry.key.session] else { return }
        entry.answer = answer
        entry.until = until
        entry.waiters = []
        entry.bytes = Self.entryBytes + answer.bytes
        entry.previous = newest
        entries[slot] = entry
        if newest == Self.none { oldest = slot } else { entries[newest]?.next = slot }
        newest = slot
        bytes += entry.bytes
        if session.newest == Self.none { session.oldest = slot } else { entries[session.newest]?.nextOfSession = slot }
        session.newest = slot
        session.bytes += entry.bytes
        sessions[entry.key.session] = session
    }

    /// The oldest answer of a session goes; that of the table is one of these.
    private mutating func forget(_ slot: Int) {
        guard let entry = entries[slot], var session = sessions[entry.key.session], session.oldest == slot else {
            return
        }
        if entry.previous == Self.none { oldest = entry.next } else { entries[entry.previous]?.next = entry.next }
        if entry.next == Self.none { newest = entry.previous } else { entries[entry.next]?.previous = entry.previous }
        bytes -= entry.bytes
        session.oldest = entry.nextOfSession
        if session.oldest == Self.none { session.newest = Self.none }
        session.bytes -= entry.bytes
        sessions[entry.key.session] = session
        remove(slot)
    }

    /// Removes an entry that is in no order (any more).
    private mutating func remove(_ slot: Int) {
        guard let entry = entries[slot] else { return }
        entries[slot] = nil
        freeSlots.append(slot)
        slots[entry.key] = nil
        let left = (sessions[entry.key.session]?.count ?? 1) - 1
        if left > 0 { sessions[entry.key.session]?.count = left } else { sessions[entry.key.session] = nil }
    }

    /// Whether the orders, the counts and the entries agree.
    ///
    /// For tests.
    func invariants() -> Bool {
        var answered: [Int] = []
        var slot = oldest
        while slot != Self.none, let entry = entries[slot], answered.count <= entries.count {
            guard entry.previous == answered.last ?? Self.none else { return false }
            answered.append(slot)
            slot = entry.next
        }
        let all = entries.indices.filter { entries[$0] != nil }
        let order = answered.compactMap { entries[$0] }
        let own = sessions.mapValues { _ in [Int]() }.merging(
            Dictionary(grouping: answered) { entries[$0]?.key.session ?? "" }
        ) { $1 }
        return slot == Self.none && newest == answered.last ?? Self.none
            && Set(answered) == Set(all.filter { entries[$0]?.answer != nil })
            && all.allSatisfy { slot in entries[slot].map { slots[$0.key] == slot } ?? false }
            && all.count == slots.count && all.count + freeSlots.count == entries.count
            && bytes == order.reduce(0) { $0 + $1.bytes } && (bytes <= maxBytes || order.count == 1)
            && sessions.allSatisfy { name, session in
                let slots = own[name] ?? []
                return session.oldest == slots.first ?? Self.none && session.newest == slots.last ?? Self.none
                    && session.count == all.count { entries[$0]?.key.session == name }
                    && session.bytes == slots.reduce(0) { $0 + (entries[$1]?.bytes ?? 0) }
                    && zip(slots, slots.dropFirst()).allSatisfy { entries[$0]?.nextOfSession == $1 }
            }
    }
}
