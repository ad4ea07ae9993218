import Testing

@testable import Gateway

@Suite struct RecentIDsTests {
    @Test func `a repeated id is refused for five minutes`() {
        let ids = RecentIDs()
        let start = ContinuousClock.now
        #expect(ids.insert("a", in: "/", now: start))
        #expect(!ids.insert("a", in: "/", now: start + .seconds(10)))
        #expect(ids.insert("b", in: "/", now: start + .seconds(10)))
        #expect(!ids.insert("a", in: "/", now: start + .seconds(300)))
    }

    @Test func `ids are the same when their bytes are, and only in their namespace`() {
        let ids = RecentIDs()
        let start = ContinuousClock.now
        #expect(ids.insert("\u{E9}", in: "/", now: start))
        #expect(ids.insert("e\u{301}", in: "/", now: start))
        #expect(!ids.insert("e\u{301}", in: "/", now: start))
        #expect(ids.insert("b c", in: "/a", now: start))
        #expect(ids.insert("c", in: "/a b", now: start))
        let long = String(repeating: "x", count: 100)
        #expect(ids.insert(long + "\u{E9}", in: "/", now: start))
        #expect(ids.insert(long + "e\u{301}", in: "/", now: start))
        #expect(!ids.insert(long + "\u{E9}", in: "/", now: start))
    }

    @Test func `it is forgotten after two windows at the latest`() {
        let ids = RecentIDs()
        let start = ContinuousClock.now
        #expect(ids.insert("a", in: "/", now: start))
        #expect(ids.insert("x", in: "/", now: start + .seconds(301)))
        #expect(ids.insert("y", in: "/", now: start + .seconds(602)))
        #expect(ids.insert("a", in: "/", now: start + .seconds(603)))
    }
}
