import Testing

@testable import LoadGenerator

@Suite struct FanoutTableTests {
    @Test func `a message is through when its last receiver has it`() {
        var table = FanoutTable()
        #expect(table.sent(at: 5, receivers: 2) == 0)
        #expect(table.sent(at: 6, receivers: 2) == 1)
        #expect(table.missing == 4)
        #expect(table.received(0).map { [$0.sent, $0.isLast ? 1 : 0] } == [5, 0])
        #expect(table.received(0)?.isLast == true)
        #expect(table.received(0) == nil)
        #expect(table.missing == 2)
    }

    @Test func `a receiver that goes leaves nobody waiting for it`() {
        var table = FanoutTable()
        for instant in 1...3 as ClosedRange<UInt64> { _ = table.sent(at: instant, receivers: 2) }
        _ = table.received(0)
        _ = table.received(1)
        let (lost, completed) = table.abandoned(after: 1, sentSince: 0)
        #expect(lost == 1)
        #expect(completed == 0)
        #expect(table.missing == 3)
        #expect(table.abandoned(after: nil, sentSince: 0).completed == 3)
        #expect(table.missing == 0)
    }

    @Test func `a sender stops when too many messages are on the way, and goes on when one is through`() {
        var table = FanoutTable()
        for _ in 0..<FanoutTable.capacity { _ = table.sent(at: 1, receivers: 1) }
        #expect(table.sent(at: 2, receivers: 1) == nil)
        #expect(table.missing == FanoutTable.capacity)
        #expect(table.received(7)?.isLast == true)
        #expect(table.sent(at: 3, receivers: 1) == UInt64(FanoutTable.capacity))
        #expect(table.sent(at: 4, receivers: 1) == nil)
    }

    @Test func `a delivery that never comes is given up when very many later messages are through`() {
        var table = FanoutTable()
        #expect(table.sent(at: 1, receivers: 2) == 0)
        for number in 1..<UInt64(FanoutTable.window) {
            _ = table.sent(at: number, receivers: 1)
            _ = table.received(number)
        }
        #expect(table.givenUp == 0)
        #expect(table.missing == 2)
        #expect(table.sent(at: 5, receivers: 1) == UInt64(FanoutTable.window))
        #expect(table.givenUp == 2)
        #expect(table.missing == 1)
        #expect(table.received(0) == nil)
    }

    @Test func `without receivers nothing is sent, and numbers that nobody sent are known`() {
        var table = FanoutTable()
        #expect(table.sent(at: 1, receivers: 0) == nil)
        #expect(table.sent(at: 1, receivers: 1) == 0)
        #expect(table.hasSent(0))
        #expect(!table.hasSent(1))
        #expect(table.received(1) == nil)
        #expect(table.abandoned(after: 999_999_999_999, sentSince: 0) == (0, 0))
    }
}
