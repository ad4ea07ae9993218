import HandlerContract
import Testing

@testable import Gateway

@Suite struct HandlerFiguresTests {
    @Test func `buckets are cumulative, and the slowest calls count in the total only`() throws {
        var figures = HandlerFigures()
        for duration in [Duration.microseconds(500), .milliseconds(20), .milliseconds(20), .seconds(60)] {
            figures.observe(route: "chat", duration: duration)
        }
        let row = try #require(figures.statistics().durations.first)
        #expect(row.buckets == [1, 1, 1, 1, 3, 3, 3, 3, 3, 3, 3, 3, 3])
        #expect(row.count == 4)
        #expect(abs(row.seconds - 60.0405) < 0.000_001)
    }

    @Test func `requests are counted by route and outcome`() {
        var figures = HandlerFigures()
        figures.count(route: "b", outcome: .success)
        figures.count(route: "a", outcome: .temporary(.status(500)))
        figures.count(route: "a", outcome: .temporary(.status(503)))
        let rows = figures.statistics().requests.map { "\($0.route) \($0.outcome) \($0.count)" }
        #expect(rows == ["a failed 2", "b success 1"])
    }
}
