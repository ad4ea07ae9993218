import NIOCore
import NIOPosix
import Testing

@testable import Gateway

@Suite struct TimerQueuesTests {
    private final class Recorder: TimerTarget {
        var fired: [UInt32] = []
        let expected: Int
        let done: EventLoopPromise<[UInt32]>

        init(expecting expected: Int, _ done: EventLoopPromise<[UInt32]>) {
            self.expected = expected
            self.done = done
        }

        func timerFired(token: UInt32, now: ContinuousClock.Instant) {
            self.fired.append(token)
            if self.fired.count == self.expected { self.done.succeed(self.fired) }
        }
    }

    /// Schedules on a loop and waits for as many timers as are expected.
    private func run(
        expecting count: Int, _ body: @escaping @Sendable (TimerQueues, TimerSlot) -> Void
    ) async throws -> [UInt32] {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let promise = loop.makePromise(of: [UInt32].self)
        loop.execute {
            let timers = TimerQueues(loop: loop)
            let slot = TimerSlot()
            let recorder = Recorder(expecting: count, promise)
            slot.set(recorder)
            body(timers, slot)
        }
        return try await promise.futureResult.get()
    }

    /// A busy machine may wake a loop late, for several timers at once.
    @Test func `a timer fires with the first wake-up of its loop after it was due`() async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let promise = loop.makePromise(of: [UInt32: ContinuousClock.Instant].self)
        let start = ContinuousClock.now
        let delays: [UInt32: Duration] = [3: .milliseconds(30), 1: .milliseconds(5), 2: .milliseconds(15)]
        loop.execute {
            let timers = TimerQueues(loop: loop)
            let slot = TimerSlot()
            slot.set(WakeUps(expecting: delays.count, promise))
            for (token, delay) in delays { timers.schedule(after: delay, slot: slot, token: token, now: start) }
        }
        let fired = try await promise.futureResult.get()
        #expect(fired.count == delays.count)
        for (token, delay) in delays {
            let wakeUp = try #require(fired[token])
            #expect(wakeUp >= start + delay)
            #expect(!fired.values.contains { start + delay <= $0 && $0 < wakeUp })
        }
    }

    private final class WakeUps: TimerTarget {
        private var fired: [UInt32: ContinuousClock.Instant] = [:]
        private let expected: Int
        private let done: EventLoopPromise<[UInt32: ContinuousClock.Instant]>

        init(expecting expected: Int, _ done: EventLoopPromise<[UInt32: ContinuousClock.Instant]>) {
            self.expected = expected
            self.done = done
        }

        func timerFired(token: UInt32, now: ContinuousClock.Instant) {
            self.fired[token] = now
            if self.fired.count == self.expected { self.done.succeed(self.fired) }
        }
    }

    @Test func `timers of one delay fire first in, first out`() async throws {
        let fired = try await self.run(expecting: 100) { timers, slot in
            for token in 0..<100 { timers.schedule(after: .milliseconds(5), slot: slot, token: UInt32(token)) }
        }
        #expect(fired == Array(0..<100))
    }

    @Test func `an object that took itself out of its slot is not called, and is not kept`() async throws {
        let fired = try await self.run(expecting: 1) { timers, slot in
            let gone = TimerSlot()
            final class Target: TimerTarget {
                func timerFired(token: UInt32, now: ContinuousClock.Instant) { Issue.record("it was through") }
            }
            weak var kept: Target?
            do {
                let target = Target()
                kept = target
                gone.set(target)
                timers.schedule(after: .milliseconds(1), slot: gone, token: 9)
                gone.cancelAll()
            }
            #expect(kept == nil)
            timers.schedule(after: .milliseconds(10), slot: slot, token: 1)
        }
        #expect(fired == [1])
    }
}
