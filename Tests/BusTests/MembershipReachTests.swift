import Testing

@testable import Bus

@Suite struct MembershipReachTests {
    /// Sockets s0…s5; room a: 0 1 2, room b: 2 3, room s5: 0; user u: 1 4; user v: 2.
    private func sample() -> Membership {
        var members = Membership()
        let users: [String?] = [nil, "u", "v", nil, "u", nil]
        for (m, user) in users.enumerated() { members.add(Member(m), socketID: "s\(m)", user: user) }
        for m in [0, 1, 2] as [Member] { _ = members.join(m, room: "a") }
        for m in [2, 3] as [Member] { _ = members.join(m, room: "b") }
        _ = members.join(0, room: "s5")
        return members
    }

    private static let cases: [(Target, [Member])] = [
        (Target(), []),
        (Target(except: Exclusion(rooms: ["a"])), []),
        (Target(all: true), [0, 1, 2, 3, 4, 5]),
        (Target(rooms: ["a"]), [0, 1, 2]),
        (Target(rooms: ["none"]), []),
        (Target(rooms: ["a", "b"]), [0, 1, 2, 3]),
        (Target(rooms: ["a", "a"]), [0, 1, 2]),
        (Target(users: ["u"]), [1, 4]),
        (Target(users: ["u", "v", "w"]), [1, 2, 4]),
        (Target.socket("s3"), [3]),
        (Target.socket("gone"), []),
        (Target(sockets: ["s3", "s3", "s4"]), [3, 4]),
        (Target(rooms: ["a"], users: ["u"], sockets: ["s0", "s5"]), [0, 1, 2, 4, 5]),
        (Target(rooms: ["a"], all: true), [0, 1, 2, 3, 4, 5]),
        (Target(rooms: ["s3"]), [3]),
        (Target(rooms: ["s5"]), [0, 5]),
        (Target(rooms: ["s5", "a"]), [0, 1, 2, 5]),
        (Target(rooms: ["a"], except: Exclusion(sockets: ["s0"])), [1, 2]),
        (Target(rooms: ["a"], except: Exclusion(sockets: ["s4"])), [0, 1, 2]),
        (Target(rooms: ["a"], except: Exclusion(sockets: ["gone"])), [0, 1, 2]),
        (Target(rooms: ["a"], except: Exclusion(rooms: ["s0"])), [1, 2]),
        (Target(rooms: ["a"], except: Exclusion(rooms: ["b"])), [0, 1]),
        (Target(rooms: ["a"], except: Exclusion(users: ["u"])), [0, 2]),
        (Target(rooms: ["a", "b"], except: Exclusion(sockets: ["s2"])), [0, 1, 3]),
        (Target(rooms: ["s5"], except: Exclusion(rooms: ["s5"])), []),
        (Target(rooms: ["s5"], except: Exclusion(sockets: ["s5"])), [0]),
        (Target(all: true, except: Exclusion(sockets: ["s1"])), [0, 2, 3, 4, 5]),
        (Target(all: true, except: Exclusion(rooms: ["a"], users: ["u"], sockets: ["s5"])), [3]),
        (Target(users: ["u"], except: Exclusion(users: ["u"])), []),
        (Target(users: ["u"], except: Exclusion(sockets: ["s1"])), [4]),
        (Target(sockets: ["s0", "s1"], except: Exclusion(rooms: ["s1"])), [0]),
    ]

    @Test(arguments: cases)
    func `a target reaches each of its members once`(target: Target, expected: [Member]) {
        var members = sample()
        #expect(members.members(of: target).sorted() == expected)
        // Marks of the walk before must not count.
        #expect(members.members(of: target).sorted() == expected)
        #expect(members.invariants())
    }

    @Test func `marks start anew when the number of walks comes round`() {
        var members = sample()
        let target = Target(rooms: ["a", "b"], except: Exclusion(sockets: ["s0"]))
        _ = members.members(of: target)
        members.generation = .max - 1
        for _ in 0..<4 { #expect(members.members(of: target).sorted() == [1, 2, 3]) }
        #expect(members.generation < 5)
    }

    @Test func `a slot that is used again has not been met`() {
        var members = sample()
        let target = Target(rooms: ["a", "b"])
        _ = members.members(of: target)
        members.remove(2)
        members.add(2, socketID: "new", user: nil)
        _ = members.join(2, room: "b")
        #expect(members.members(of: target).sorted() == [0, 1, 2, 3])
    }
}
