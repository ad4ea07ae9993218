import Testing

@testable import Bus

@Suite struct RoomStaysTests {
    private func isIn(_ stays: RoomStays, _ room: String, at sequence: UInt64) -> Bool {
        stays.contains(ExactName(room), at: sequence)
    }

    @Test func `a stay begins after the join and ends with the leave`() {
        var stays = RoomStays()
        stays.join("a", at: 10)
        stays.join("a", at: 15)
        #expect(!isIn(stays, "a", at: 10) && isIn(stays, "a", at: 11))
        stays.leave("a", at: 20)
        #expect(isIn(stays, "a", at: 20) && !isIn(stays, "a", at: 21) && stays.rooms == [])
        stays.join("a", at: 30)
        #expect(isIn(stays, "a", at: 20) && !isIn(stays, "a", at: 30) && isIn(stays, "a", at: 31))
        #expect(Set(stays.names(after: 15).map(\.text)) == ["a"])
    }

    @Test func `a stay without an event leaves nothing behind`() {
        var stays = RoomStays()
        stays.join("a", at: 10)
        stays.leave("a", at: 10)
        stays.leave("b", at: 11)
        #expect(stays.past.isEmpty && stays.count == 0)
    }

    @Test func `stays that ended are bounded, and what is forgotten is known`() {
        var stays = RoomStays()
        for number in 1...1_000 as ClosedRange<UInt64> {
            stays.join("r\(number)", at: number * 10)
            stays.leave("r\(number)", at: number * 10 + 5)
        }
        #expect(stays.past.count == RoomStays.maxPast)
        #expect(stays.forgotten == UInt64(1_000 - RoomStays.maxPast) * 10 + 5)
        #expect(stays.names(after: 9_985).map(\.text) == ["r999", "r1000"])
    }

    @Test func `names are the same only when their bytes are`() {
        var stays = RoomStays()
        stays.join("\u{e9}", at: 1)
        #expect(isIn(stays, "\u{e9}", at: 2) && !isIn(stays, "e\u{301}", at: 2))
    }
}
