import Testing

@testable import LoadGenerator

@Suite struct PaceTests {
    @Test func `messages are due at a rate, whenever somebody asks`() {
        var pace = Pace(rate: 1_000)
        #expect(pace.next == nil)
        #expect(pace.due(at: 5_000_000) == 5_000_000)
        #expect(pace.due(at: 5_999_999) == nil)
        #expect(pace.next == 6_000_000)
        #expect(pace.due(at: 8_500_000) == 6_000_000)
        #expect(pace.due(at: 8_500_000) == 7_000_000)
        #expect(pace.overdue(at: 8_500_000) == 1)
        #expect(pace.due(at: 8_500_000) == 8_000_000)
        #expect(pace.due(at: 8_500_000) == nil)
        #expect(pace.overdue(at: 8_500_000) == 0)
    }

    @Test(arguments: [0.01, 3, 300_000, 10_000_000])
    func `what is rounded does not add up`(rate: Double) {
        var pace = Pace(rate: rate)
        _ = pace.due(at: 1)
        let end = 1 + UInt64(100_000 / rate * 1e9)
        var count = 1
        while pace.due(at: end) != nil { count += 1 }
        #expect((99_999...100_002).contains(count))
        #expect(pace.overdue(at: 0) == 0)
    }

    @Test func `nobody is behind before the first`() {
        #expect(Pace(rate: 10).overdue(at: .max) == 0)
    }
}
