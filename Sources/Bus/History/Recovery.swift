internal import HeapModule

/// What a client that was away gets and becomes.
package struct Recovery<Payload: Sendable>: Sendable {
    /// What it missed, oldest first.
    package var events: [HistoryEntry<Payload>]
    /// Changes of what is kept with its socket that were made while it was away, oldest first.
    package var stateChanges: [SessionChange]
    /// The session as it goes on: its rooms as they are now.
    package var record: SessionRecord
}

/// Why a client cannot be given what it missed and begins anew.
package enum RecoveryRefusal: String, Error, Hashable, Sendable, CaseIterable {
    /// The offset is not one, is of another epoch or namespace, or was never sent to this client.
    case invalidOffset
    /// Something may have been missed that nobody knows any more: the log does not reach back far enough, or the client was
    /// in rooms that nothing remembers.
    case incomplete
    /// It missed more than one replay may hold.
    case tooMuch
    /// The socket was disconnected while it was away.
    case ended
}

extension History {
    /// Decides what a client missed, or that it cannot be said.
    ///
    /// Nothing is given that the client says it has, or that was not for it at the time; if any of what it missed is not
    /// here any more, nothing is given at all. Costs what was published to its rooms since, and nothing for an offset that
    /// is out of range.
    ///
    /// - Parameters:
    ///   - sequence: The last position that the client says it has seen; nil when it has seen none.
    ///   - head: The position given last in the namespace.
    ///   - maxRooms: The most rooms a socket may be in; it is not put into more.
    package func recover(
        _ record: SessionRecord, from sequence: UInt64?, head: UInt64, maxRooms: Int
    ) throws(RecoveryRefusal) -> Recovery<Payload> {
        let gap = try gap(of: record, from: sequence)
        var walk = RecoveryWalk(self, record, gap)
        try walk.run(maxRooms: maxRooms)
        var result = walk.result
        result.record.position = head
        // Events with an ack id carry no position.
        result.record.sent = result.events.last { !$0.asksAck }?.sequence ?? gap.seen
        result.record.unanswered.removeAll { $0 > gap.seen }
        return result
    }

    /// Whether the log reaches back far enough: all that can be said without looking at what was missed.
    package func check(_ record: SessionRecord, from sequence: UInt64?) throws(RecoveryRefusal) {
        _ = try gap(of: record, from: sequence)
    }

    private func gap(of record: SessionRecord, from sequence: UInt64?) throws(RecoveryRefusal) -> RecoveryGap {
        if let sequence, sequence > record.sent { throw .invalidOffset }
        // An older one is left over from an earlier session of the client: it saw none of this session.
        let seen = max(sequence ?? record.since, record.since)
        // Who has the last position that was sent has everything before it too: what is missing came later.
        let start = seen >= record.sent ? max(seen, record.position) : seen
        let owed = record.unanswered.filter { $0 > seen }
        let base = min(start, record.position, (owed.min() ?? .max) &- 1)
        guard base >= floor, base >= record.stays.forgotten else { throw .incomplete }
        return RecoveryGap(seen: seen, start: start, owed: Set(owed), base: base)
    }
}

extension HistoryEntry {
    /// Whether it is an event whose receivers are expected to answer.
    package var asksAck: Bool {
        if case .event(_, asksAck: true) = content { true } else { false }
    }
}

/// From where on a client misses something.
private struct RecoveryGap {
    /// The last position that it has seen.
    var seen: UInt64
    /// Events up to here have been received.
    var start: UInt64
    /// Requests that are to be asked again.
    var owed: Set<UInt64>
    /// What was logged up to here does not matter.
    var base: UInt64
}

/// Goes through what may concern a session, in order, and lets it change as it goes.
private struct RecoveryWalk<Payload: Sendable> {
    private let history: History<Payload>
    /// Up to here changes have been applied to the record already, and requests were asked.
    private let position: UInt64
    private let gap: RecoveryGap
    /// What is to be looked at, by number; some of it more than once.
    private var waiting = Heap<UInt64>()
    /// The rooms whose entries have been added to `waiting`.
    private var collected: Set<ExactName> = []
    private var bytes = 0
    var result: Recovery<Payload>

    init(_ history: History<Payload>, _ record: SessionRecord, _ gap: RecoveryGap) {
        self.history = history
        self.position = record.position
        self.gap = gap
        let base = gap.base
        result = Recovery(events: [], stateChanges: [], record: record)
        var found: [UInt64] = []
        RoomIndex.collect(history.index.everyone, after: base, into: &found)
        if let user = record.user {
            RoomIndex.collect(history.index.users[ExactName(user)], after: base, into: &found)
        }
        for room in record.stays.names(after: base) + [ExactName(record.socketID)]
        where collected.insert(room).inserted {
            RoomIndex.collect(history.index.rooms[room], after: base, into: &found)
        }
        waiting = Heap(found)
    }

    mutating func run(maxRooms: Int) throws(RecoveryRefusal) {
        var last: UInt64 = 0
        while let sequence = waiting.popMin() {
            // Several of its rooms may have got the same.
            guard sequence != last else { continue }
            last = sequence
            guard let entry = history.entry(sequence), result.record.isReached(by: entry.target, at: sequence) else {
                continue
            }
            switch entry.content {
            case .change(let change):
                if sequence > position { try apply(change, at: sequence, maxRooms: maxRooms) }
            case .event(_, let asksAck):
                let isMissing = asksAck && sequence <= position ? gap.owed.contains(sequence) : sequence > gap.start
                if isMissing { try replay(entry) }
            }
        }
    }

    private mutating func replay(_ entry: HistoryEntry<Payload>) throws(RecoveryRefusal) {
        bytes += entry.bytes
        guard result.events.count < history.limits.maxReplay, bytes <= history.limits.maxReplayBytes else {
            throw .tooMuch
        }
        result.events.append(entry)
    }

    private mutating func apply(
        _ change: SessionChange, at sequence: UInt64, maxRooms: Int
    ) throws(RecoveryRefusal) {
        switch change {
        case .join(let rooms):
            for room in rooms where result.record.stays.count < maxRooms && !room.isExactly(result.record.socketID) {
                result.record.stays.join(room, at: sequence)
                guard collected.insert(ExactName(room)).inserted else { continue }
                var found: [UInt64] = []
                RoomIndex.collect(history.index.rooms[ExactName(room)], after: sequence, into: &found)
                waiting.insert(contentsOf: found)
            }
        case .leave(let rooms):
            for room in rooms { result.record.stays.leave(room, at: sequence) }
        case .state:
            result.stateChanges.append(change)
        case .end:
            throw .ended
        }
    }
}
