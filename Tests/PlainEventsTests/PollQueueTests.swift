import NIOCore
import Testing

@testable import PlainEvents

@Suite struct PollQueueTests {
    private let start = ContinuousClock.now
    private let wait: Duration = .seconds(25)

    private func queue(limit: Int = 10_000) -> PollQueue {
        PollQueue(limit: limit, patience: .seconds(45), now: self.start)
    }

    private func message(_ text: String = "m") -> ByteBuffer { ByteBuffer(string: text) }

    private func texts(_ messages: [ByteBuffer]) -> [String] { messages.map { String(buffer: $0) } }

    @Test func `a request waits for a message and is answered with all that have come by then`() {
        var queue = self.queue()
        #expect(queue.receive(cursor: 0, wait: self.wait, now: self.start) == .hold)
        #expect(queue.isRequestOpen)
        #expect(queue.append(self.message("a")) == .answers)
        #expect(queue.append(self.message("b")) == .answers)
        #expect(self.texts(queue.take(now: self.start)) == ["a", "b"])
        #expect(!queue.isRequestOpen && queue.sent == 2 && queue.confirmed == 0)
        #expect(queue.append(self.message("c")) == .waits)
        #expect(queue.receive(cursor: 2, wait: self.wait, now: self.start) == .answer)
        #expect(self.texts(queue.take(now: self.start)) == ["c"])
        #expect(queue.sent == 3 && queue.confirmed == 2 && queue.invariants())
    }

    @Test func `the same cursor gets the same again, and what has come since`() {
        var queue = self.queue()
        for text in ["a", "b"] { #expect(queue.append(self.message(text)) == .waits) }
        for expected in [["a", "b"], ["a", "b"], ["a", "b", "c"]] {
            if expected.count == 3 { _ = queue.append(self.message("c")) }
            #expect(queue.receive(cursor: 0, wait: self.wait, now: self.start) == .answer)
            #expect(self.texts(queue.take(now: self.start)) == expected)
        }
        // Part of it arrived with an earlier answer.
        #expect(queue.receive(cursor: 2, wait: self.wait, now: self.start) == .answer)
        #expect(self.texts(queue.take(now: self.start)) == ["c"])
        #expect(queue.invariants())
    }

    @Test func `a cursor that was overtaken or never given out changes nothing`() {
        var queue = self.queue()
        for text in ["a", "b"] { _ = queue.append(self.message(text)) }
        #expect(queue.receive(cursor: 1, wait: self.wait, now: self.start) == .unknown)
        #expect(queue.receive(cursor: .max, wait: self.wait, now: self.start) == .unknown)
        _ = queue.take(now: self.start)
        #expect(queue.receive(cursor: 2, wait: self.wait, now: self.start) == .hold)
        #expect(queue.receive(cursor: 0, wait: self.wait, now: self.start) == .outdated)
        #expect(queue.receive(cursor: 3, wait: self.wait, now: self.start) == .unknown)
        // The one that waits still does.
        #expect(queue.append(self.message()) == .answers)
    }

    @Test func `a request that will not wait is answered, and takes the place of one that does`() {
        var queue = self.queue()
        #expect(queue.receive(cursor: 0, wait: self.wait, now: self.start) == .hold)
        #expect(queue.receive(cursor: 0, wait: .zero, now: self.start) == .answer)
        #expect(!queue.isRequestOpen)
        #expect(queue.take(now: self.start) == [])
        #expect(queue.sent == 0)
    }

    @Test func `a request that has waited its time is answered as it is`() {
        var queue = self.queue()
        _ = queue.receive(cursor: 0, wait: self.wait, now: self.start)
        #expect(queue.nextDeadline == self.start + self.wait)
        #expect(queue.tick(now: self.start + .seconds(24)) == .wait(until: self.start + self.wait))
        #expect(queue.tick(now: self.start + self.wait) == .answer)
        #expect(queue.take(now: self.start + self.wait) == [])
        #expect(queue.nextDeadline == self.start + self.wait + .seconds(45))
    }

    @Test func `a client without a request is given up after a time, which a request that waits does not count for`() {
        var queue = self.queue()
        #expect(queue.tick(now: self.start + .seconds(44)) == .wait(until: self.start + .seconds(45)))
        #expect(queue.tick(now: self.start + .seconds(45)) == .abandoned)
        _ = queue.receive(cursor: 0, wait: .seconds(100), now: self.start + .seconds(44))
        #expect(queue.tick(now: self.start + .seconds(140)) == .wait(until: self.start + .seconds(144)))
        queue.requestLost(now: self.start + .seconds(141))
        #expect(!queue.isRequestOpen)
        #expect(queue.tick(now: self.start + .seconds(185)) == .wait(until: self.start + .seconds(186)))
        #expect(queue.tick(now: self.start + .seconds(186)) == .abandoned)
        // Losing what is answered already changes nothing.
        queue.requestLost(now: self.start + .seconds(500))
        #expect(queue.nextDeadline == self.start + .seconds(186))
    }

    @Test func `what nobody fetches is bounded`() {
        let size = 100 + PollQueue.messageCost
        var queue = self.queue(limit: 10 * size)
        for _ in 0..<10 { #expect(queue.append(self.message(String(repeating: "x", count: 100))) == .waits) }
        #expect(queue.bytes == 10 * size)
        #expect(queue.append(self.message()) == .full)
    }

    @Test func `empty messages are bounded as well`() {
        var queue = self.queue(limit: 10_000)
        var count = 0
        while count < 1_000, queue.append(self.message("")) == .waits { count += 1 }
        #expect(count == 10_000 / PollQueue.messageCost)
    }

    @Test func `what is fetched again and again without being confirmed is bounded`() {
        let size = 100 + PollQueue.messageCost
        var queue = self.queue(limit: 10 * size)
        var count = 0
        while count < 1_000, queue.append(self.message(String(repeating: "x", count: 100))) != .full {
            count += 1
            #expect(queue.receive(cursor: 0, wait: self.wait, now: self.start) == .answer)
            #expect(self.texts(queue.take(now: self.start)).count == count)
        }
        #expect(count == 12)
    }

    @Test func `a single message may be larger than the bound, and so may what was missed`() {
        let large = String(repeating: "x", count: 1_000)
        var queue = self.queue(limit: 200)
        for round in UInt64(0)..<5 {
            #expect(queue.append(self.message(large)) == .waits)
            #expect(queue.receive(cursor: round * 2, wait: self.wait, now: self.start) == .answer)
            _ = queue.take(now: self.start)
            #expect(queue.append(self.message("small")) == .waits)
            #expect(queue.receive(cursor: round * 2 + 1, wait: self.wait, now: self.start) == .answer)
            _ = queue.take(now: self.start)
            #expect(queue.receive(cursor: round * 2 + 2, wait: .zero, now: self.start) == .answer)
            #expect(queue.bytes == 0 && queue.invariants())
        }
        var second = self.queue(limit: 200)
        second.begin(with: [self.message(large), self.message(large)])
        #expect(self.texts(second.take(now: self.start)).count == 2)
        #expect(second.append(self.message("small")) == .waits)
        #expect(second.invariants())
    }

    @Test func `after the end nothing is added and no request waits`() {
        var queue = self.queue()
        #expect(queue.append(self.message("last")) == .waits)
        #expect(queue.finish() == false)
        #expect(queue.append(self.message("late")) == .waits)
        for _ in 0..<2 {
            #expect(queue.receive(cursor: 0, wait: self.wait, now: self.start) == .answer)
            #expect(self.texts(queue.take(now: self.start)) == ["last"])
        }
        #expect(queue.receive(cursor: 1, wait: self.wait, now: self.start) == .answer)
        #expect(queue.take(now: self.start) == [])
        #expect(queue.tick(now: self.start + .seconds(45)) == .abandoned)
        var waiting = self.queue()
        _ = waiting.receive(cursor: 0, wait: self.wait, now: self.start)
        #expect(waiting.finish() == true)
    }
}
