import Testing

@testable import Gateway

@Suite struct ThrottledLogTests {
    @Test func `of many warnings of one kind one is written, and other kinds are not held back`() {
        let log = LogLines()
        let throttled = ThrottledLog(log.logger)
        for number in 0..<1_000 { throttled.warning("a", "first kind \(number)") }
        throttled.warning("b", "second kind")
        #expect(log.lines.all == ["warning first kind 0", "warning second kind"])
    }
}
