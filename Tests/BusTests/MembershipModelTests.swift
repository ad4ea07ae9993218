import Randomness
import Testing

@testable import Bus

/// Membership as one would write it without a thought for time.
private struct NaiveMembership {
    struct Socket {
        var id: String
        var user: String?
        var rooms: Set<String> = []
    }

    var sockets: [Member: Socket] = [:]

    func isIn(_ m: Member, _ room: String) -> Bool {
        sockets[m].map { $0.rooms.contains(room) || $0.id == room } ?? false
    }

    func reached(by target: Target) -> Set<Member> {
        let reached = sockets.filter { m, socket in
            let isNamed =
                target.all || target.rooms.contains { isIn(m, $0) } || target.sockets.contains(socket.id)
                || target.users.contains { $0 == socket.user }
            let isExcluded =
                target.except.rooms.contains { isIn(m, $0) } || target.except.sockets.contains(socket.id)
                || target.except.users.contains { $0 == socket.user }
            return isNamed && !isExcluded
        }
        return Set(reached.keys)
    }
}

@Suite struct MembershipModelTests {
    private static let slots: Member = 24

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func `random changes and targets agree with naive sets`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var members = Membership()
        var model = NaiveMembership()
        var nextID = 0
        for operation in 0..<10_000 {
            change(&members, &model, &nextID, &random)
            if operation % 4 == 0 { compareReach(&members, model, &random) }
            if operation % 100 == 0 { compareQueries(members, model) }
        }
        for m in 0..<Self.slots { members.remove(m) }
        #expect(members.count == 0 && members.roomCount == 0)
        #expect(members.users.count == 0 && members.sockets.isEmpty)
        #expect(members.invariants())
    }

    private func change(
        _ members: inout Membership, _ model: inout NaiveMembership, _ nextID: inout Int,
        _ random: inout SeededRandom
    ) {
        let m = Member.random(in: 0..<Self.slots, using: &random)
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<2 where model.sockets[m] != nil:
            members.remove(m)
            model.sockets[m] = nil
        case 0..<6 where model.sockets[m] == nil:
            nextID += 1
            // Ids come back, so that rooms named like them are met again.
            let id = "s\(nextID % 40)"
            guard !model.sockets.values.contains(where: { $0.id == id }) else { return }
            let user = user(&random)
            members.add(m, socketID: id, user: user)
            model.sockets[m] = .init(id: id, user: user)
        case 6..<13:
            let room = room(&random)
            let isNew = model.sockets[m] != nil && !model.isIn(m, room)
            if isNew { model.sockets[m]?.rooms.insert(room) }
            #expect(members.join(m, room: room) == isNew)
        case 13..<18:
            let room = room(&random)
            #expect(members.leave(m, room: room) == (model.sockets[m]?.rooms.remove(room) != nil))
        default:
            let user = user(&random)
            members.setUser(m, user)
            model.sockets[m]?.user = user
        }
    }

    private func compareReach(
        _ members: inout Membership, _ model: NaiveMembership, _ random: inout SeededRandom
    ) {
        func some<T>(_ make: (inout SeededRandom) -> T) -> [T] {
            (0..<max(0, Int.random(in: -2...3, using: &random))).map { _ in make(&random) }
        }
        let hasExclusion = Bool.random(using: &random)
        let target = Target(
            rooms: some(room), users: some { user(&$0) ?? "u0" }, sockets: some(id),
            all: Int.random(in: 0..<6, using: &random) == 0,
            except: hasExclusion
                ? Exclusion(rooms: some(room), users: some { user(&$0) ?? "u0" }, sockets: some(id)) : .init())
        let reached = members.members(of: target)
        #expect(reached.count == Set(reached).count)
        #expect(Set(reached) == model.reached(by: target))
    }

    private func compareQueries(_ members: Membership, _ model: NaiveMembership) {
        #expect(members.invariants())
        #expect(members.count == model.sockets.count)
        #expect(Set(members.roomNames) == model.sockets.values.reduce(into: []) { $0.formUnion($1.rooms) })
        for (name, count) in members.roomSummaries {
            #expect(count == model.sockets.keys.count { model.isIn($0, name) })
        }
        for (m, socket) in model.sockets {
            #expect(Set(members.rooms(of: m)) == socket.rooms)
            #expect(members.roomCount(of: m) == socket.rooms.count)
            #expect(members.user(of: m) == socket.user)
            #expect(members.member(socketID: socket.id) == m)
        }
    }

    /// A third of the rooms are named like sockets.
    private func room(_ random: inout SeededRandom) -> String {
        Int.random(in: 0..<3, using: &random) == 0 ? id(&random) : "r\(Int.random(in: 0..<12, using: &random))"
    }

    private func id(_ random: inout SeededRandom) -> String {
        "s\(Int.random(in: 0..<40, using: &random))"
    }

    private func user(_ random: inout SeededRandom) -> String? {
        let number = Int.random(in: 0..<6, using: &random)
        return number == 0 ? nil : "u\(number)"
    }
}
