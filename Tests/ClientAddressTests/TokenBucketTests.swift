import Randomness
import Testing

@testable import ClientAddress

@Suite struct TokenBucketTests {
    private let start = ContinuousClock.now
    private let rate = TokenRate(perSecond: 10, burst: 5)

    @Test func `a full bucket gives its burst at once and then one token per interval`() {
        var bucket = TokenBucket(now: start)
        for _ in 0..<5 { #expect(bucket.take(rate: rate, now: start) == .taken) }
        let next = start.advanced(by: .milliseconds(100))
        #expect(bucket.take(rate: rate, now: start) == .refused(retryAt: next))
        #expect(bucket.take(rate: rate, now: next.advanced(by: .nanoseconds(-1))) == .refused(retryAt: next))
        #expect(bucket.take(rate: rate, now: next) == .taken)
        #expect(bucket.take(rate: rate, now: next) == .refused(retryAt: next.advanced(by: .milliseconds(100))))
    }

    @Test func `an idle bucket never holds more than its burst`() {
        var bucket = TokenBucket(now: start)
        let later = start.advanced(by: .seconds(86_400))
        #expect(bucket.take(5, rate: rate, now: later) == .taken)
        #expect(bucket.take(rate: rate, now: later) != .taken)
        #expect(!bucket.isFull(now: later))
        #expect(bucket.isFull(now: later.advanced(by: .milliseconds(500))))
    }

    @Test func `a refusal costs nothing`() {
        var bucket = TokenBucket(now: start)
        #expect(bucket.take(4, rate: rate, now: start) == .taken)
        let before = bucket
        #expect(bucket.take(2, rate: rate, now: start) == .refused(retryAt: start.advanced(by: .milliseconds(100))))
        #expect(bucket == before)
        #expect(bucket.take(1, rate: rate, now: start) == .taken)
    }

    @Test func `more than the burst is never possible, and nothing costs nothing`() {
        var bucket = TokenBucket(now: start)
        #expect(bucket.take(6, rate: rate, now: start) == .neverPossible)
        #expect(bucket.take(.max, rate: rate, now: start) == .neverPossible)
        #expect(bucket.take(0, rate: rate, now: start) == .taken)
        #expect(bucket.take(-1, rate: rate, now: start) == .taken)
        #expect(bucket.isFull(now: start))
    }

    @Test func `a charge goes below empty and says when the debt is paid`() {
        var bucket = TokenBucket(now: start)
        #expect(bucket.charge(5, rate: rate, now: start) == nil)
        #expect(bucket.charge(10, rate: rate, now: start) == start.advanced(by: .seconds(1)))
        #expect(bucket.charge(0, rate: rate, now: start.advanced(by: .seconds(1))) == nil)
    }

    @Test func `debt is bounded, whatever is charged`() {
        var bucket = TokenBucket(now: start)
        let slow = TokenRate(perSecond: 0, burst: .max)
        for _ in 0..<1000 { _ = bucket.charge(.max, rate: slow, now: start) }
        #expect(bucket.charge(.min, rate: rate, now: start) == start.advanced(by: TokenBucket.debtLimit))
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity, -1, 0, 1e300, 1e-300])
    func `absurd rates are clamped`(perSecond: Double) {
        for burst in [Int.min, 0, .max] {
            var bucket = TokenBucket(now: start)
            #expect(bucket.take(rate: TokenRate(perSecond: perSecond, burst: burst), now: start) == .taken)
        }
    }

    @Test func `the memory of a bucket is one instant`() {
        #expect(MemoryLayout<TokenBucket>.size == 16)
    }

    @Test(arguments: 1...20)
    func `it agrees with a bucket that counts tokens`(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        let interval = 100
        let burst = Int.random(in: 1...20, using: &random)
        let rate = TokenRate(perSecond: 10, burst: burst)
        var bucket = TokenBucket(now: start)
        // Of the model: hundredths of a token, one per millisecond.
        var (level, time) = (burst * interval, 0)
        for _ in 0..<500 {
            let step = Int.random(in: 0...250, using: &random)
            time += step
            level = min(burst * interval, level + step)
            let count = Int.random(in: 1...burst, using: &random)
            let now = start.advanced(by: .milliseconds(time))
            guard level >= count * interval else {
                let missing = count * interval - level
                #expect(
                    bucket.take(count, rate: rate, now: now)
                        == .refused(retryAt: now.advanced(by: .milliseconds(missing))))
                continue
            }
            #expect(bucket.take(count, rate: rate, now: now) == .taken)
            level -= count * interval
        }
    }
}
