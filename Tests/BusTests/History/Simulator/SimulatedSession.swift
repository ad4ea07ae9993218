@testable import Bus

/// A client with its session: what the server knows of it, what is on its way, and what has arrived.
struct SimulatedSession {
    /// What travels to the client.
    struct Wire {
        var sequence: UInt64
        var asksAck: Bool
    }

    // The server's side.
    var record: SessionRecord
    var shard: Int
    /// In the shard's tables, though the client may be gone already.
    var isConnected = true
    /// The item that lets it in lies in the shard's inbox.
    var isEntering = false
    /// How many changes of what is kept with the socket it has seen.
    var stateChanges = 0

    // The way, and the client.
    var pipe: [Wire] = []
    var isCut = false
    var received: [UInt64] = []
    var lastOffset: UInt64?

    // What a naive observer notes.
    /// Joins and leaves that the server did at once, with the position at which they count.
    var ownChanges: [(at: UInt64, room: String, joins: Bool)] = []
    var answered: Set<UInt64> = []
    /// How many requests came once more, as they may when their answer was lost.
    var askedAgain = 0

    init(id: String, user: String, shard: Int, since: UInt64) {
        record = SessionRecord(socketID: id, user: user, since: since)
        self.shard = shard
    }

    /// The server sends an event.
    mutating func send(_ sequence: UInt64, asksAck: Bool) {
        if asksAck { record.unanswered.append(sequence) } else { record.sent = sequence }
        if !isCut { pipe.append(Wire(sequence: sequence, asksAck: asksAck)) }
    }

    /// The client reads what is next on its way; true when it was asked for an answer.
    mutating func readNext() -> Wire? {
        guard !isCut, !pipe.isEmpty else { return nil }
        let wire = pipe.removeFirst()
        received.append(wire.sequence)
        if !wire.asksAck { lastOffset = wire.sequence }
        return wire
    }

    mutating func join(_ room: String, at position: UInt64) {
        record.stays.join(room, at: position)
        ownChanges.append((position, room, true))
    }

    mutating func leave(_ room: String, at position: UInt64) {
        record.stays.leave(room, at: position)
        ownChanges.append((position, room, false))
    }

    mutating func apply(_ change: SessionChange, at sequence: UInt64) {
        switch change {
        case .join(let rooms): for room in rooms { record.stays.join(room, at: sequence) }
        case .leave(let rooms): for room in rooms { record.stays.leave(room, at: sequence) }
        case .state: stateChanges += 1
        case .end: break
        }
    }
}

/// An item of the bus as the simulation publishes it.
struct SimulatedItem {
    enum Kind {
        case event(isLogged: Bool, asksAck: Bool)
        case change(SessionChange)
        /// Lets a client in that has recovered.
        case entry(client: Int, Recovery<Int>)
    }

    var sequence: UInt64
    var target: Target
    var kind: Kind
}

/// Who should have got what, written as one would without a thought for time: walks over everything.
struct NaiveAccount {
    var events: [UInt64] = []
    var requests: Set<UInt64> = []
    var stateChanges = 0
    var isEnded = false

    init(of session: SimulatedSession, in items: [SimulatedItem]) {
        let (id, user) = (session.record.socketID, session.record.user)
        var rooms: Set<String> = [id]
        // Stable: of changes at one position the order in which they were made counts.
        var own = session.ownChanges.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }
        own.reverse()
        for item in items where item.sequence > session.record.since && !isEnded {
            while let next = own.last?.element, next.at < item.sequence {
                own.removeLast()
                if next.joins { rooms.insert(next.room) } else { rooms.remove(next.room) }
            }
            let (target, except) = (item.target, item.target.except)
            let isNamed =
                target.all || !rooms.isDisjoint(with: target.rooms) || target.sockets.contains(id)
                || target.users.contains { $0 == user }
            let isExcluded =
                !rooms.isDisjoint(with: except.rooms) || except.sockets.contains(id)
                || except.users.contains { $0 == user }
            guard isNamed, !isExcluded else { continue }
            switch item.kind {
            case .event(let isLogged, let asksAck):
                guard isLogged else { continue }
                if asksAck { requests.insert(item.sequence) } else { events.append(item.sequence) }
            case .change(.join(let names)): rooms.formUnion(names)
            case .change(.leave(let names)): rooms.subtract(names)
            case .change(.state): stateChanges += 1
            case .change(.end): isEnded = true
            case .entry: break
            }
        }
    }
}
