import Testing

@testable import Gateway

@Suite struct ExpiryQueueTests {
    private let start = ContinuousClock.now

    @Test func `jobs expire by their own timeouts, and the earliest deadline is known`() {
        var queue = ExpiryQueue()
        #expect(queue.next == nil)
        queue.append(1, timeout: .seconds(5), now: start) { _ in true }
        queue.append(2, timeout: .seconds(1), now: start + .seconds(1)) { _ in true }
        queue.append(3, timeout: .seconds(5), now: start + .seconds(2)) { _ in true }
        #expect(queue.next == start + .seconds(2))
        #expect(queue.expired(now: start + .seconds(2), limit: 10) == [2])
        #expect(queue.expired(now: start + .seconds(4), limit: 10) == [])
        #expect(queue.expired(now: start + .seconds(9), limit: 10) == [1, 3])
        #expect(queue.next == nil)
        #expect(queue.count == 0)
    }

    @Test func `a limit leaves the others for the next time`() {
        var queue = ExpiryQueue()
        for id in 1...200 { queue.append(UInt64(id), timeout: .seconds(1), now: start) { _ in true } }
        #expect(queue.expired(now: start + .seconds(1), limit: 150).count == 150)
        #expect(queue.next == start + .seconds(1))
        #expect(queue.expired(now: start + .seconds(1), limit: 150).count == 50)
    }

    @Test func `jobs that are done do not pile up`() {
        var queue = ExpiryQueue()
        for id in 1...10_000 { queue.append(UInt64(id), timeout: .seconds(60), now: start) { $0 + 10 > id } }
        #expect(queue.count < 20)
    }
}
