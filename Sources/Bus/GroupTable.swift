/// Groups of members by name: the rooms, or the users, of one namespace on one shard.
///
/// A name is hashed once a call and stands for a slot from then on. A group lives while it has members; its slot is
/// then used again. Invariant: `names` maps exactly the names of the groups with members to their slots, and
/// `free` lists the other slots once each.
struct GroupTable {
    /// A member of a group, and where that member has noted this group.
    ///
    /// Both sides know each other's index, so that either can close a gap by moving its last entry: constant time.
    struct Entry: Vacant {
        static var vacant: Entry { Entry(member: Membership.absent, place: 0) }
        var isVacant: Bool { member == Membership.absent }

        var member: Member
        /// Index into the member's own list of groups.
        ///
        /// Users leave it 0: a member has one user.
        var place: UInt32
    }

    struct Group {
        var name = ""
        var entries = CompactList<Entry>()
    }

    private(set) var names = NameIndex()
    private(set) var groups: [Group] = []
    private(set) var free: [UInt32] = []

    /// How many groups have members.
    var count: Int { names.count }

    func slot(named name: String) -> UInt32? {
        position(of: name).map { names[$0] }
    }

    private func position(of name: String) -> NameIndex.Position? {
        names.find(ExactName(name)) { groups[Int($0)].name }
    }

    func name(of slot: UInt32) -> String {
        groups[Int(slot)].name
    }

    func entries(of slot: UInt32) -> CompactList<Entry> {
        groups[Int(slot)].entries
    }

    /// The slot of a name, made for it when there is none.
    ///
    /// The caller appends a member at once.
    mutating func intern(_ name: String) -> UInt32 {
        if let slot = slot(named: name) { return slot }
        let slot: UInt32
        if let reused = free.popLast() {
            slot = reused
            groups[Int(slot)].name = name
        } else {
            slot = UInt32(groups.count)
            groups.append(Group(name: name))
        }
        names.insert(slot, named: ExactName(name))
        return slot
    }

    /// Adds an entry and says at which index it stands.
    mutating func append(_ entry: Entry, to slot: UInt32) -> UInt32 {
        let index = UInt32(groups[Int(slot)].entries.count)
        groups[Int(slot)].entries.append(entry)
        return index
    }

    /// Takes an entry out by moving the last one into its place; the moved entry is returned, if one moved.
    ///
    /// A group that became empty disappears.
    mutating func remove(at index: UInt32, from slot: UInt32) -> Entry? {
        let position = Int(slot)
        let last = groups[position].entries.popLast()
        if groups[position].entries.isEmpty {
            if let name = self.position(of: groups[position].name) { names.remove(at: name) }
            groups[position] = Group()
            free.append(slot)
            return nil
        }
        guard let last, Int(index) < groups[position].entries.count else { return nil }
        groups[position].entries[Int(index)] = last
        return last
    }

    /// Notes that a member keeps this group at another index now.
    mutating func setPlace(_ place: UInt32, at index: UInt32, of slot: UInt32) {
        groups[Int(slot)].entries[Int(index)].place = place
    }

    /// `names`, `groups` and `free` agree.
    func invariants() -> Bool {
        guard names.count + free.count == groups.count, Set(free).count == free.count,
            names.invariants(nameOf: { groups[Int($0)].name }),
            names.numbers.allSatisfy({ !groups[Int($0)].entries.isEmpty })
        else { return false }
        return free.allSatisfy { Int($0) < groups.count && groups[Int($0)].entries.isEmpty }
    }
}
