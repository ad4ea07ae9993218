import Testing

@testable import Gateway

@Suite struct FailureLogTests {
    @Test func `an outage is one line, and the next report counts the others`() {
        var log = FailureLog(interval: .seconds(10))
        let start = ContinuousClock.now
        #expect(log.report("failed", now: start) == 0)
        for _ in 1...7 { #expect(log.report("failed", now: start + .seconds(9)) == nil) }
        #expect(log.report("timeout", now: start + .seconds(9)) == 0)
        #expect(log.report("failed", now: start + .seconds(10)) == 7)
        #expect(log.report("failed", now: start + .seconds(20)) == 0)
    }
}
