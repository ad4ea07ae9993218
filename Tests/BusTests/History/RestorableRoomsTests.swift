import Testing

@testable import Bus

@Suite struct RestorableRoomsTests {
    @Test func `rooms that it is put in anyway spoil nothing`() {
        var rooms = RestorableRooms(["news", "user:7"], since: 5)
        let spoilt = [rooms.join("news", at: 8), rooms.join("user:7", at: 9)]
        #expect(spoilt == [nil, nil])
        let regains = rooms.leave("news", at: 9)
        #expect(!regains && rooms.areAll)
    }

    @Test func `with the first other room all that it was told before is spoilt, and nothing more by the next`() {
        var rooms = RestorableRooms(["news"], since: 5)
        let spoilt = [rooms.join("lobby", at: 8), rooms.join("lobby", at: 9), rooms.join("bar", at: 10)]
        #expect(spoilt == [5...8, nil, nil])
        let regains = rooms.leave("lobby", at: 11)
        #expect(!regains && !rooms.areAll)
    }

    @Test func `when the last other room is left it can come back by what it is told from then on`() {
        var rooms = RestorableRooms([], since: 5)
        let first = rooms.join("lobby", at: 8)
        let regains = rooms.leave("lobby", at: 20)
        #expect(first == 5...8 && regains && rooms.areAll)
        let twice = rooms.leave("lobby", at: 21)
        let next = rooms.join("bar", at: 30)
        #expect(!twice && next == 20...30)
    }

    @Test func `an event for the socket itself spoils what came before it, and no more`() {
        var rooms = RestorableRooms([], since: 5)
        let spoilt = [rooms.named(at: 8), rooms.named(at: 9), rooms.named(at: 9), rooms.join("lobby", at: 20)]
        #expect(spoilt == [5...7, 8...8, nil, 9...20])
        // Positions are not told now; those from before are spoilt already.
        let during = rooms.named(at: 25)
        let regains = rooms.leave("lobby", at: 30)
        let after = rooms.named(at: 40)
        #expect(during == nil && regains && after == 30...39)
    }

    @Test func `a room that looks like one of its own is another`() {
        var rooms = RestorableRooms(["caf\u{E9}"], since: 1)
        let spoilt = rooms.join("cafe\u{301}", at: 2)
        #expect(spoilt == 1...2 && !rooms.areAll)
    }
}
