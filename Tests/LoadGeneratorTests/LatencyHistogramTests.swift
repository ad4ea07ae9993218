import Testing

@testable import LoadGenerator

@Suite struct LatencyHistogramTests {
    @Test func `percentiles are right within two per cent, for any size of value`() {
        for scale in [1, 100, 10_000, 1_000_000, 10_000_000_000] as [UInt64] {
            var histogram = LatencyHistogram()
            for value in 1...1_000 as ClosedRange<UInt64> { histogram.record(value * scale) }
            for (share, exact) in [(0.5, 500), (0.9, 900), (0.99, 990), (1, 1_000)] as [(Double, UInt64)] {
                let found = Double(histogram.percentile(share)) / Double(exact * scale)
                #expect((1...1.02).contains(found), "p\(share) of \(scale)")
            }
            #expect(histogram.maximum == 1_000 * scale)
            #expect(histogram.count == 1_000)
        }
    }

    @Test func `an empty one has no percentiles`() {
        #expect(LatencyHistogram().percentile(0.99) == 0)
        #expect(HistogramPicture(LatencyHistogram()).lines().isEmpty)
    }

    @Test func `the largest value there is has a place`() {
        var histogram = LatencyHistogram()
        histogram.record(.max)
        histogram.record(0)
        #expect(histogram.percentile(1) == .max)
        #expect(histogram.percentile(0.5) == 0)
    }

    @Test func `ranges count what lies in them`() {
        var histogram = LatencyHistogram()
        for value in [5, 10, 11, 20, 21] as [UInt64] { histogram.record(value) }
        #expect(histogram.count(above: 5, through: 20) == 3)
        #expect(histogram.count(above: 0, through: .max) == 5)
    }
}
