extension Membership {
    /// Calls `body` once for each member that a target reaches, in no particular order.
    ///
    /// One clause without exclusions is a walk over an array. Several clauses, or exclusions, mark whom they have met
    /// with the number of this walk, so that nothing is hashed and nothing allocated per member. `body` must not
    /// change the membership: collect with ``members(of:)`` first where it would.
    package mutating func forEachMember(of target: Target, _ body: (Member) -> Void) {
        guard target.except.isEmpty else {
            reachWithExclusions(target, body)
            return
        }
        if target.all {
            for m in everyone { body(m) }
        } else if target.rooms.count == 1, target.users.isEmpty, target.sockets.isEmpty {
            walk(room: target.rooms[0], body)
        } else if target.users.count == 1, target.rooms.isEmpty, target.sockets.isEmpty {
            walk(user: target.users[0], body)
        } else if target.sockets.count == 1, target.rooms.isEmpty, target.users.isEmpty {
            if let m = member(socketID: target.sockets[0]) { body(m) }
        } else {
            startWalk()
            reachMarked(target, body)
        }
    }

    /// Everyone that a target reaches, once each, in no particular order.
    package mutating func members(of target: Target) -> [Member] {
        var found: [Member] = []
        forEachMember(of: target) { found.append($0) }
        return found
    }

    private mutating func reachWithExclusions(_ target: Target, _ body: (Member) -> Void) {
        startWalk()
        // Leaving out one socket, the sender, is what nearly every exclusion does: that needs a comparison only.
        var marked = 0
        var single = Membership.absent
        markExcluded(target.except) { m in
            marked += 1
            single = m
        }
        if target.all {
            if marked <= 1 {
                for m in everyone where m != single { body(m) }
            } else {
                for m in everyone where stamps[Int(m)] != generation { body(m) }
            }
        } else if marked <= 1, target.rooms.count == 1, target.users.isEmpty, target.sockets.isEmpty {
            walk(room: target.rooms[0]) { m in if m != single { body(m) } }
        } else {
            reachMarked(target, body)
        }
    }

    private mutating func markExcluded(_ except: Exclusion, _ marked: (Member) -> Void) {
        for room in except.rooms {
            if let slot = rooms.slot(named: room) {
                for entry in rooms.entries(of: slot) where mark(entry.member) { marked(entry.member) }
            }
            if let own = member(socketID: room), mark(own) { marked(own) }
        }
        for user in except.users {
            guard let slot = users.slot(named: user) else { continue }
            for entry in users.entries(of: slot) where mark(entry.member) { marked(entry.member) }
        }
        for socket in except.sockets {
            if let m = member(socketID: socket), mark(m) { marked(m) }
        }
    }

    /// Walks rooms, users and sockets of a target, leaving out whom this walk has met already.
    private mutating func reachMarked(_ target: Target, _ body: (Member) -> Void) {
        for room in target.rooms {
            if let slot = rooms.slot(named: room) {
                for entry in rooms.entries(of: slot) where mark(entry.member) { body(entry.member) }
            }
            if let own = member(socketID: room), mark(own) { body(own) }
        }
        for user in target.users {
            guard let slot = users.slot(named: user) else { continue }
            for entry in users.entries(of: slot) where mark(entry.member) { body(entry.member) }
        }
        for socket in target.sockets {
            if let m = member(socketID: socket), mark(m) { body(m) }
        }
    }

    /// A socket is never entered into the group of its own id, so the two parts do not overlap.
    private func walk(room: String, _ body: (Member) -> Void) {
        if let slot = rooms.slot(named: room) {
            rooms.entries(of: slot).forEach { body($0.member) }
        }
        if let own = member(socketID: room) { body(own) }
    }

    private func walk(user: String, _ body: (Member) -> Void) {
        guard let slot = users.slot(named: user) else { return }
        users.entries(of: slot).forEach { body($0.member) }
    }

    private mutating func startWalk() {
        generation &+= 1
        guard generation == 0 else { return }
        // The number came round: marks of walks long past would look new.
        for slot in stamps.indices { stamps[slot] = 0 }
        generation = 1
    }

    /// True when this walk meets the member for the first time.
    private mutating func mark(_ m: Member) -> Bool {
        guard stamps[Int(m)] != generation else { return false }
        stamps[Int(m)] = generation
        return true
    }
}
