import Randomness
import Testing

@testable import Identity

@Suite struct KeySetCacheTests {
    private let start = ContinuousClock.now
    private let set = KeySet([])

    private func after(_ seconds: Int) -> ContinuousClock.Instant {
        start.advanced(by: .seconds(seconds))
    }

    @Test func `the first tick fetches, the next ones every ten minutes`() {
        var cache = KeySetCache()
        #expect(cache.keys(now: start) == nil)
        #expect(cache.tick(now: start) == .fetch)
        #expect(cache.tick(now: after(1)) == .wait(until: after(30)))
        cache.fetched(set, now: after(2))
        #expect(cache.keys(now: after(2)) != nil)
        #expect(cache.tick(now: after(3)) == .wait(until: after(602)))
        #expect(cache.tick(now: after(602)) == .fetch)
    }

    @Test func `an unknown key fetches at most every thirty seconds`() {
        var cache = KeySetCache()
        #expect(cache.tick(now: start) == .fetch)
        #expect(cache.missed(now: after(1)) == .waitForFetch)
        cache.fetched(set, now: after(2))
        #expect(cache.missed(now: after(29)) == .refuse)
        #expect(cache.missed(now: after(30)) == .fetch)
        #expect(cache.missed(now: after(31)) == .waitForFetch)
        cache.fetched(set, now: after(32))
        #expect(cache.missed(now: after(33)) == .refuse)
        #expect(cache.tick(now: after(33)) == .wait(until: after(632)))
    }

    @Test func `while fetches fail the last set stays good for an hour`() {
        var cache = KeySetCache()
        #expect(cache.tick(now: start) == .fetch)
        cache.fetched(set, now: start)
        var (now, fetches) = (start, 0)
        while now < after(4000) {
            switch cache.tick(now: now) {
            case .fetch:
                fetches += 1
                cache.failed(now: now)
            case .wait(let next): now = next
            }
        }
        #expect(fetches == (4000 - 600 + 29) / 30)
        #expect(cache.keys(now: after(3599)) != nil)
        #expect(cache.keys(now: after(3600)) == nil)
        #expect(cache.missed(now: after(4100)) == .fetch)
        cache.fetched(set, now: after(4101))
        #expect(cache.keys(now: after(4101)) != nil)
    }

    @Test func `a fetch that nobody reports on is started again`() {
        var cache = KeySetCache()
        #expect(cache.tick(now: start) == .fetch)
        #expect(cache.tick(now: after(29)) == .wait(until: after(30)))
        #expect(cache.missed(now: after(29)) == .waitForFetch)
        #expect(cache.missed(now: after(30)) == .fetch)
        #expect(cache.tick(now: after(60)) == .fetch)
        cache.fetched(set, now: after(61))
        #expect(cache.keys(now: after(61)) != nil)
    }

    @Test(arguments: 1...20)
    func `whatever happens, fetches start thirty seconds apart and keys are less than an hour old`(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        var cache = KeySetCache()
        var (time, lastFetch, lastGood) = (0, Int.min / 2, Int.min / 2)
        for _ in 0..<3000 {
            time += Int.random(in: 0...60, using: &random)
            let now = after(time)
            var isFetch = false
            switch Int.random(in: 0...9, using: &random) {
            case 0...4: isFetch = cache.tick(now: now) == .fetch
            case 5...7: isFetch = cache.missed(now: now) == .fetch
            case 8 where Int.random(in: 0...20, using: &random) == 0:
                cache.fetched(set, now: now)
                lastGood = time
            default: cache.failed(now: now)
            }
            if isFetch {
                if time - lastFetch < 30 { Issue.record("fetched again after \(time - lastFetch) s") }
                lastFetch = time
            }
            if (cache.keys(now: now) != nil) != (time - lastGood < 3600) { Issue.record("keys at \(time)") }
        }
    }
}
