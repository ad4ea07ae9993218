internal import DequeModule

/// The log of a namespace: its newest entries, within limits, and which rooms they were for.
///
/// A value; its owner appends in the order of the namespace's sequence. Not every number of the sequence has an entry:
/// volatile events and raw messages are not logged.
package struct History<Payload: Sendable>: Sendable {
    package typealias Entry = HistoryEntry<Payload>

    package let limits: HistoryLimits
    private var entries = Deque<Entry>()
    var index = RoomIndex()
    /// What all entries count for ``HistoryLimits/maxBytes``.
    package private(set) var bytes = 0
    /// Everything logged after this number is still here; 0 when nothing has been dropped.
    package private(set) var floor: UInt64
    /// Positions by which nobody is given what was missed, although it is here.
    package private(set) var spoilt = SpoiltPositions()

    /// - Parameter floor: Nothing is known of what was published up to here.
    package init(limits: HistoryLimits, floor: UInt64 = 0) {
        self.limits = limits
        self.floor = floor
    }

    /// How many entries are kept.
    package var count: Int { entries.count }

    /// Adds the newest entry and drops the oldest ones, as far as the limits ask for it.
    ///
    /// - Parameter sequence: Larger than that of any entry before.
    /// - Parameter bytes: Of the content; a share for bookkeeping is added.
    package mutating func append(
        _ content: Entry.Content, for target: Target, bytes: Int, sequence: UInt64, now: ContinuousClock.Instant
    ) {
        precondition(sequence > (entries.last?.sequence ?? floor), "entries are appended in order")
        // Threads read the clock before they come to the lock: a little out of order.
        let time = max(now, entries.last?.time ?? now)
        let entry = Entry(
            sequence: sequence, time: time, target: target, content: content,
            bytes: bytes + Self.bookkeeping(of: target))
        entries.append(entry)
        index.append(sequence, for: target)
        self.bytes += entry.bytes
        prune(now: time)
    }

    /// Drops what the limits do not allow any more.
    package mutating func prune(now: ContinuousClock.Instant) {
        while let first = entries.first,
            entries.count > limits.maxEntries || bytes > limits.maxBytes
                || first.time.duration(to: now) > limits.maxAge
        {
            _ = removeOldest(first)
        }
    }

    /// Whoever comes back by one of these positions may have missed what nobody knows.
    package mutating func spoil(_ span: SpoiltPositions.Span) {
        spoilt.add(span, floor: floor)
    }

    /// When the oldest entry was logged; `nil` when there is none.
    package var oldest: ContinuousClock.Instant? { entries.first?.time }

    /// Drops entries from before a time, oldest first: at most so many, and no more than make up `bytes`.
    ///
    /// They are given back, because freeing them takes a while and may be done elsewhere.
    package mutating func drop(
        before time: ContinuousClock.Instant, limit: Int, bytes wanted: Int = .max
    ) -> [Entry] {
        let before = bytes
        var dropped: [Entry] = []
        while dropped.count < limit, before - bytes < wanted, let first = entries.first, first.time < time {
            dropped.append(removeOldest(first))
        }
        return dropped
    }

    private mutating func removeOldest(_ first: Entry) -> Entry {
        entries.removeFirst()
        index.removeFirst(first.sequence, for: first.target)
        bytes -= first.bytes
        floor = first.sequence
        return first
    }

    /// The entry of that number, if it was logged and is still here.
    package func entry(_ sequence: UInt64) -> Entry? {
        let place = firstPlace(after: sequence &- 1)
        guard sequence > 0, place < entries.count, entries[place].sequence == sequence else { return nil }
        return entries[place]
    }

    /// Up to `limit` entries after a number, oldest first.
    package func entries(after sequence: UInt64, limit: Int) -> [Entry] {
        Array(entries[firstPlace(after: sequence)...].prefix(limit))
    }

    private func firstPlace(after sequence: UInt64) -> Int {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].sequence > sequence { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// What an entry occupies besides its content: itself, and its places in the index.
    static func bookkeeping(of target: Target) -> Int {
        let except = target.except
        let names =
            target.rooms.count + target.users.count + target.sockets.count
            + except.rooms.count + except.users.count + except.sockets.count
        return 256 + 64 * names
    }

    /// Entries, index and byte count agree with each other.
    ///
    /// For tests: costs a walk over everything.
    package func invariants() -> Bool {
        var fresh = RoomIndex()
        for entry in entries { fresh.append(entry.sequence, for: entry.target) }
        return fresh.rooms == index.rooms && fresh.users == index.users && fresh.everyone == index.everyone
            && entries.reduce(0) { $0 + $1.bytes } == bytes
            && zip(entries, entries.dropFirst()).allSatisfy { $0.sequence < $1.sequence && $0.time <= $1.time }
            && (entries.first?.sequence ?? .max) > floor
    }
}
