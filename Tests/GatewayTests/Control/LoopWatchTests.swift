import Testing

@testable import Gateway

@Suite struct LoopWatchTests {
    private let start = ContinuousClock.now

    @Test func `a loop that answers is asked again and again`() {
        var watch = LoopWatch()
        for second in 0..<100 {
            let now = self.start + .seconds(second)
            #expect(watch.tick(now: now) == .ask)
            #expect(watch.answered(now: now + .milliseconds(1)) == nil)
        }
        #expect(watch.silence(now: self.start + .seconds(1_000)) == .zero)
    }

    @Test func `a stall is told once, and its end with its length`() {
        var watch = LoopWatch()
        #expect(watch.tick(now: self.start) == .ask)
        #expect(watch.tick(now: self.start + .milliseconds(499)) == .wait)
        #expect(watch.tick(now: self.start + .milliseconds(600)) == .stalled(.milliseconds(600)))
        #expect(watch.tick(now: self.start + .seconds(2)) == .wait)
        #expect(watch.answered(now: self.start + .seconds(3)) == .seconds(3))
        #expect(watch.tick(now: self.start + .seconds(4)) == .ask)
        #expect(watch.tick(now: self.start + .seconds(5)) == .stalled(.seconds(1)), "the next one is told, too")
    }

    @Test func `it is stuck after five seconds, until it answers`() {
        var watch = LoopWatch()
        _ = watch.tick(now: self.start)
        #expect(!watch.isStuck(now: self.start + .milliseconds(4_999)))
        #expect(watch.isStuck(now: self.start + .seconds(5)))
        _ = watch.answered(now: self.start + .seconds(6))
        #expect(!watch.isStuck(now: self.start + .seconds(60)))
    }

    @Test func `an answer that nobody waited for means nothing`() {
        var watch = LoopWatch()
        #expect(watch.answered(now: self.start) == nil)
        #expect(watch.tick(now: self.start + .seconds(9)) == .ask)
    }
}
