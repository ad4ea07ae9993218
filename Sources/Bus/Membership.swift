/// A slot of a member, given by the caller: small whole numbers, used again after a disconnect.
package typealias Member = UInt32

/// The members of one namespace on one shard, and the rooms and users they are in.
///
/// A value confined to one event loop. Every change costs the same however large a room is: a room is a dense array
/// of members, each member knows its index in each of its rooms, and a gap is closed by moving the last one into it.
/// A member in many rooms pays for them when it joins or leaves: finding a room in its list is a scan of the list or
/// of the room, whichever is shorter.
package struct Membership {
    /// Where a member stands in one of its rooms.
    struct Place: Vacant {
        static var vacant: Place { Place(room: Membership.absent, index: 0) }
        var isVacant: Bool { room == Membership.absent }

        var room: UInt32
        var index: UInt32
    }

    /// What is known of a member.
    ///
    /// An absent one has `position == absent`.
    struct Record {
        var socketID = ""
        /// Index into `everyone`.
        var position = Membership.absent
        /// Slot in `users`, or `absent`, and the index there.
        var user = Membership.absent
        var userIndex: UInt32 = 0
        var places = CompactList<Place>()
    }

    static let absent = UInt32.max

    var records: [Record] = []
    var everyone: [Member] = []
    /// Members by the ids of their sockets.
    var sockets = NameIndex()
    var rooms = GroupTable()
    var users = GroupTable()

    /// Per member, the last walk that met it (see `Membership+Reach.swift`).
    var stamps: [UInt32] = []
    var generation: UInt32 = 0

    /// How many entries of rooms and members were looked at or moved so far.
    ///
    /// Tests hold it to a constant per change.
    package internal(set) var steps: UInt64 = 0

    package init() {}

    /// How many members are connected.
    package var count: Int { everyone.count }

    /// How many rooms have members; a socket's room of its own id is not counted.
    package var roomCount: Int { rooms.count }

    /// A socket connected.
    ///
    /// The slot must be free.
    ///
    /// When two members have the same socket id for a while (the newer takes over), the id means the newer.
    package mutating func add(_ m: Member, socketID: String, user: String?) {
        let slot = Int(m)
        precondition(m != Membership.absent && !isPresent(m), "the slot is taken")
        while records.count <= slot {
            records.append(Record())
            stamps.append(0)
        }
        records[slot].socketID = socketID
        records[slot].position = UInt32(everyone.count)
        everyone.append(m)
        if let older = position(ofSocket: socketID) {
            sockets[older] = m
        } else {
            sockets.insert(m, named: ExactName(socketID))
        }
        setUser(m, user)
    }

    /// A socket disconnected: it leaves all rooms, at the same cost for each.
    package mutating func remove(_ m: Member) {
        guard isPresent(m) else { return }
        let slot = Int(m)
        while let place = records[slot].places.popLast() {
            takeOut(place)
        }
        setUser(m, nil)
        let position = Int(records[slot].position)
        let last = everyone.removeLast()
        if last != m {
            everyone[position] = last
            records[Int(last)].position = UInt32(position)
        }
        if let own = self.position(ofSocket: records[slot].socketID), sockets[own] == m { sockets.remove(at: own) }
        records[slot] = Record()
        stamps[slot] = 0
    }

    /// Says which user a socket belongs to; nil for none.
    package mutating func setUser(_ m: Member, _ user: String?) {
        guard isPresent(m) else { return }
        let slot = Int(m)
        let current = records[slot].user
        if current != Membership.absent {
            if let user, ExactName(users.name(of: current)) == ExactName(user) { return }
            let index = records[slot].userIndex
            if let moved = users.remove(at: index, from: current) {
                records[Int(moved.member)].userIndex = index
            }
            records[slot].user = Membership.absent
        }
        guard let user else { return }
        let group = users.intern(user)
        records[slot].userIndex = users.append(.init(member: m, place: 0), to: group)
        records[slot].user = group
    }

    /// A member is about to join that many rooms: with all of its list in one place, when these are its first.
    package mutating func prepare(_ m: Member, toJoin count: Int) {
        guard isPresent(m) else { return }
        records[Int(m)].places.reserve(count)
    }

    /// Puts a member into a room.
    ///
    /// False when it was in already, as every socket is in the room of its own id.
    package mutating func join(_ m: Member, room: String) -> Bool {
        guard isPresent(m), !isOwnRoom(room, of: m) else { return false }
        let slot = rooms.intern(room)
        guard place(of: m, in: slot) == nil else { return false }
        let place = UInt32(records[Int(m)].places.count)
        let index = rooms.append(.init(member: m, place: place), to: slot)
        records[Int(m)].places.append(Place(room: slot, index: index))
        steps += 1
        return true
    }

    /// Takes a member out of a room.
    ///
    /// False when it was not in it, and for the room of its own id, which it keeps.
    package mutating func leave(_ m: Member, room: String) -> Bool {
        guard isPresent(m), let slot = rooms.slot(named: room), let number = place(of: m, in: slot) else {
            return false
        }
        let member = Int(m)
        let place = records[member].places[number]
        if let last = records[member].places.popLast(), last.room != slot {
            records[member].places[number] = last
            rooms.setPlace(UInt32(number), at: last.index, of: last.room)
            steps += 1
        }
        takeOut(place)
        return true
    }

    /// Removes the room's side of a membership; the member's side is gone already.
    private mutating func takeOut(_ place: Place) {
        steps += 1
        if let moved = rooms.remove(at: place.index, from: place.room) {
            records[Int(moved.member)].places[Int(moved.place)].index = place.index
        }
    }

    private func position(ofSocket id: String) -> NameIndex.Position? {
        sockets.find(ExactName(id)) { records[Int($0)].socketID }
    }

    /// The member whose socket has this id.
    package func member(socketID: String) -> Member? {
        position(ofSocket: socketID).map { sockets[$0] }
    }

    func isOwnRoom(_ room: String, of m: Member) -> Bool {
        ExactName(records[Int(m)].socketID) == ExactName(room)
    }

    func isPresent(_ m: Member) -> Bool {
        Int(m) < records.count && records[Int(m)].position != Membership.absent
    }

    /// Where in the member's list the room stands; looks through the shorter of the two sides.
    private mutating func place(of m: Member, in slot: UInt32) -> Int? {
        let (found, looked) = search(m, slot)
        steps += UInt64(looked)
        return found
    }

    func search(_ m: Member, _ slot: UInt32) -> (place: Int?, looked: Int) {
        let places = records[Int(m)].places
        let entries = rooms.entries(of: slot)
        if places.count <= entries.count {
            let number = places.firstIndex { $0.room == slot }
            return (number, (number ?? places.count) + 1)
        }
        let index = entries.firstIndex { $0.member == m }
        return (index.map { Int(entries[$0].place) }, (index ?? entries.count) + 1)
    }
}
