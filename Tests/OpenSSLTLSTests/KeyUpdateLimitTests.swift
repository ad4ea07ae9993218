import Testing

@testable import OpenSSLTLS

@Suite struct KeyUpdateLimitTests {
    private let start = ContinuousClock.now

    @Test func `ten updates within a minute are allowed and the eleventh is not`() {
        var limit = KeyUpdateLimit()
        for second in 0..<10 {
            #expect(limit.allows(1, now: self.start + .seconds(second)))
        }
        #expect(!limit.allows(1, now: self.start + .seconds(59)))
    }

    @Test func `a new minute starts from nothing`() {
        var limit = KeyUpdateLimit()
        #expect(limit.allows(10, now: self.start))
        #expect(limit.allows(10, now: self.start + .seconds(60)))
        #expect(!limit.allows(1, now: self.start + .seconds(61)))
    }

    @Test func `many at once are too many`() {
        var limit = KeyUpdateLimit()
        #expect(!limit.allows(.max, now: self.start))
        #expect(!limit.allows(.max, now: self.start))
    }
}
