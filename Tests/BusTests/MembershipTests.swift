import Bus
import Testing

@Suite struct MembershipTests {
    @Test func `a socket joins and leaves once`() {
        var members = Membership()
        members.add(0, socketID: "s0", user: nil)
        #expect(members.join(0, room: "a") == true)
        #expect(members.join(0, room: "a") == false)
        #expect(members.contains(0, room: "a"))
        #expect(members.rooms(of: 0) == ["a"])
        #expect(members.leave(0, room: "a") == true)
        #expect(members.leave(0, room: "a") == false)
        #expect(members.roomCount == 0)
        #expect(members.roomNames.isEmpty)
        #expect(members.invariants())
    }

    @Test func `every socket is in the room of its own id and cannot leave it`() {
        var members = Membership()
        members.add(3, socketID: "s3", user: nil)
        #expect(members.contains(3, room: "s3"))
        #expect(members.join(3, room: "s3") == false)
        #expect(members.leave(3, room: "s3") == false)
        #expect(members.rooms(of: 3) == [])
        #expect(members.roomCount(of: 3) == 0)
        #expect(members.members(inRoom: "s3") == [3])
        #expect(members.invariants())
    }

    @Test func `another socket may join the room of a socket's id`() {
        var members = Membership()
        members.add(0, socketID: "s0", user: nil)
        members.add(1, socketID: "s1", user: nil)
        #expect(members.join(1, room: "s0") == true)
        #expect(Set(members.members(inRoom: "s0")) == [0, 1])
        #expect(members.roomSummaries.map(\.count) == [2])
        members.remove(0)
        #expect(members.members(inRoom: "s0") == [1])
        #expect(members.invariants())
    }

    @Test func `a disconnected socket has left everything`() {
        var members = Membership()
        for m in Member(0)..<3 {
            members.add(m, socketID: "s\(m)", user: "u")
            _ = members.join(m, room: "a")
        }
        members.remove(1)
        #expect(members.count == 2)
        #expect(members.member(socketID: "s1") == nil)
        #expect(members.socketID(of: 1) == nil)
        #expect(members.user(of: 1) == nil)
        #expect(!members.contains(1, room: "a"))
        #expect(members.join(1, room: "a") == false)
        #expect(members.leave(1, room: "a") == false)
        #expect(Set(members.members(inRoom: "a")) == [0, 2])
        #expect(Set(members.members(ofUser: "u")) == [0, 2])
        members.remove(1)
        #expect(members.invariants())
        members.add(1, socketID: "again", user: nil)
        #expect(members.rooms(of: 1) == [])
        #expect(members.invariants())
    }

    @Test func `a user can be set, changed and taken away`() {
        var members = Membership()
        members.add(0, socketID: "s0", user: nil)
        #expect(members.user(of: 0) == nil)
        members.setUser(0, "u1")
        members.setUser(0, "u1")
        #expect(members.user(of: 0) == "u1")
        members.setUser(0, "u2")
        #expect(members.members(ofUser: "u1") == [])
        #expect(members.members(ofUser: "u2") == [0])
        members.setUser(0, nil)
        #expect(members.members(ofUser: "u2") == [])
        #expect(members.invariants())
    }

    @Test func `a socket id means the newer of two while one takes over`() {
        var members = Membership()
        members.add(0, socketID: "s", user: nil)
        members.add(1, socketID: "s", user: nil)
        #expect(members.member(socketID: "s") == 1)
        members.remove(0)
        #expect(members.member(socketID: "s") == 1)
        members.remove(1)
        #expect(members.member(socketID: "s") == nil)
        #expect(members.invariants())
    }

    @Test func `a room and a user of one name have nothing to do with each other`() {
        var members = Membership()
        members.add(0, socketID: "s0", user: "x")
        members.add(1, socketID: "s1", user: nil)
        _ = members.join(1, room: "x")
        #expect(members.members(inRoom: "x") == [1])
        #expect(members.members(ofUser: "x") == [0])
    }

    @Test func `rooms are told apart by their bytes`() {
        var members = Membership()
        members.add(0, socketID: "s0", user: nil)
        #expect(members.join(0, room: "caf\u{E9}") == true)
        #expect(members.join(0, room: "cafe\u{301}") == true)
        #expect(members.roomCount == 2)
        #expect(members.invariants())
    }

    @Test func `joining and leaving cost the same in a room of ten and of ten thousand`() {
        func steps(roomSize: Int) -> UInt64 {
            var members = Membership()
            for m in 0..<Member(roomSize) {
                members.add(m, socketID: "s\(m)", user: nil)
                _ = members.join(m, room: "large")
            }
            let before = members.steps
            for m in 0..<Member(5) {
                _ = members.leave(m, room: "large")
                _ = members.join(m, room: "large")
                _ = members.contains(m, room: "large")
            }
            return members.steps - before
        }
        #expect(steps(roomSize: 10) == steps(roomSize: 10_000))
    }

    @Test func `disconnecting costs a step per room, however large the rooms are`() {
        var members = Membership()
        for m in Member(0)..<1_000 {
            members.add(m, socketID: "s\(m)", user: "u\(m % 3)")
            for room in 0..<20 { _ = members.join(m, room: "r\(room)") }
        }
        let before = members.steps
        members.remove(500)
        #expect(members.steps - before == 20)
        #expect(members.invariants())
    }

    @Test func `a socket in many rooms finds a small one through the room`() {
        var members = Membership()
        members.add(0, socketID: "s0", user: nil)
        for room in 0..<1_000 { _ = members.join(0, room: "r\(room)") }
        let before = members.steps
        #expect(members.leave(0, room: "r0") == true)
        #expect(members.steps - before <= 4)
        #expect(members.invariants())
    }
}
