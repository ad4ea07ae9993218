extension Membership {
    /// The rooms a member has joined, without the one of its own id.
    package func rooms(of m: Member) -> [String] {
        guard isPresent(m) else { return [] }
        return records[Int(m)].places.map { rooms.name(of: $0.room) }
    }

    /// How many rooms a member has joined, without the one of its own id.
    package func roomCount(of m: Member) -> Int {
        isPresent(m) ? records[Int(m)].places.count : 0
    }

    /// Whether a member is in a room; each is in the room of its own id.
    package func contains(_ m: Member, room: String) -> Bool {
        guard isPresent(m) else { return false }
        if isOwnRoom(room, of: m) { return true }
        guard let slot = rooms.slot(named: room) else { return false }
        return search(m, slot).place != nil
    }

    /// The socket id of a member; nil when the slot is free.
    package func socketID(of m: Member) -> String? {
        isPresent(m) ? records[Int(m)].socketID : nil
    }

    /// The user of a member; nil when it has none or the slot is free.
    package func user(of m: Member) -> String? {
        guard isPresent(m), records[Int(m)].user != Membership.absent else { return nil }
        return users.name(of: records[Int(m)].user)
    }

    /// Everyone in a room, in no particular order; for a socket's id, that socket as well.
    package func members(inRoom room: String) -> [Member] {
        var found = rooms.slot(named: room).map { rooms.entries(of: $0).map(\.member) } ?? []
        if let own = member(socketID: room) { found.append(own) }
        return found
    }

    /// Every socket of a user, in no particular order.
    package func members(ofUser user: String) -> [Member] {
        users.slot(named: user).map { users.entries(of: $0).map(\.member) } ?? []
    }

    /// The rooms that someone has joined, in no particular order.
    package var roomNames: [String] {
        rooms.names.numbers.map { rooms.name(of: $0) }
    }

    /// The rooms that someone has joined with the number of members of each, in no particular order.
    package var roomSummaries: [(name: String, count: Int)] {
        rooms.names.numbers.map { slot in
            let name = rooms.name(of: slot)
            return (name, rooms.entries(of: slot).count + (member(socketID: name) == nil ? 0 : 1))
        }
    }

    /// Rooms, users, members and ids agree with each other.
    ///
    /// For tests: costs a walk over everything.
    package func invariants() -> Bool {
        guard rooms.invariants(), users.invariants(), stamps.count == records.count else { return false }
        for (position, m) in everyone.enumerated() {
            guard isPresent(m), Int(records[Int(m)].position) == position else { return false }
        }
        guard records.count(where: { $0.position != Membership.absent }) == everyone.count else { return false }
        guard sockets.invariants(nameOf: { records[Int($0)].socketID }), sockets.numbers.allSatisfy({ isPresent($0) })
        else { return false }
        var memberships = 0
        var owned = 0
        for (slot, record) in records.enumerated() {
            memberships += record.places.count
            for (number, place) in record.places.enumerated() {
                let entries = rooms.entries(of: place.room)
                guard Int(place.index) < entries.count, Int(entries[Int(place.index)].member) == slot,
                    Int(entries[Int(place.index)].place) == number
                else { return false }
            }
            guard record.user != Membership.absent else { continue }
            owned += 1
            let entries = users.entries(of: record.user)
            guard Int(record.userIndex) < entries.count, Int(entries[Int(record.userIndex)].member) == slot else {
                return false
            }
        }
        return memberships == rooms.groups.reduce(0) { $0 + $1.entries.count }
            && owned == users.groups.reduce(0) { $0 + $1.entries.count }
    }
}
