import Testing

@testable import Gateway

@Suite struct RecentIDsTests {
    @Test func `a repeated id is refused for five minutes`() {
        let ids = RecentIDs()
        let start = ContinuousClock.now
        #expect(ids.insert("a", now: start))
        #expect(!ids.insert("a", now: start + .seconds(10)))
        #expect(ids.insert("b", now: start + .seconds(10)))
        #expect(!ids.insert("a", now: start + .seconds(300)))
    }

    @Test func `it is forgotten after two windows at the latest`() {
        let ids = RecentIDs()
        let start = ContinuousClock.now
        #expect(ids.insert("a", now: start))
        #expect(ids.insert("x", now: start + .seconds(301)))
        #expect(ids.insert("y", now: start + .seconds(602)))
        #expect(ids.insert("a", now: start + .seconds(603)))
    }
}
