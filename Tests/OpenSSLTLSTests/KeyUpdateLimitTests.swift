import Testing

@testable import OpenSSLTLS

@Suite struct KeyUpdateLimitTests {
    /// What the limit says to updates that come after so many seconds.
    private func verdicts(_ updates: [(count: Int, second: Int)]) -> [Bool] {
        let start = ContinuousClock.now
        var limit = KeyUpdateLimit()
        return updates.map { limit.allows($0.count, now: start + .seconds($0.second)) }
    }

    @Test func `ten updates within a minute are allowed and the eleventh is not`() {
        #expect(
            self.verdicts((0..<10).map { (1, $0) } + [(1, 59)]) == [Bool](repeating: true, count: 10) + [false])
    }

    @Test func `a new minute starts from nothing`() {
        #expect(self.verdicts([(10, 0), (10, 60), (1, 61)]) == [true, true, false])
    }

    @Test func `many at once are too many`() {
        #expect(self.verdicts([(.max, 0), (.max, 0), (1, 1)]) == [false, false, false])
    }
}
