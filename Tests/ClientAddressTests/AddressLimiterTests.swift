import Randomness
import Testing

@testable import ClientAddress

@Suite struct AddressLimiterTests {
    private let start = ContinuousClock.now

    private func key(_ number: Int) -> AddressKey {
        AddressKey(IPAddress(ipv4: UInt32(number)))
    }

    @Test func `one address has only so many connections, another one its own`() {
        var limiter = AddressLimiter(limits: .init(concurrent: 2, rate: nil, capacity: 10))
        #expect(limiter.admit(key(1), now: start) == .admitted)
        #expect(limiter.admit(key(1), now: start) == .admitted)
        #expect(limiter.admit(key(1), now: start) == .tooManyConnections)
        #expect(limiter.admit(key(2), now: start) == .admitted)
        limiter.release(key(1), now: start)
        #expect(limiter.admit(key(1), now: start) == .admitted)
        #expect(limiter.connections(of: key(1)) == 2)
    }

    @Test func `connections that come and go are still too fast`() {
        let rate = TokenRate(perSecond: 1, burst: 3)
        var limiter = AddressLimiter(limits: .init(concurrent: 100, rate: rate, capacity: 10))
        for _ in 0..<3 {
            #expect(limiter.admit(key(1), now: start) == .admitted)
            limiter.release(key(1), now: start)
        }
        #expect(limiter.admit(key(1), now: start) == .tooFast(retryAt: start.advanced(by: .seconds(1))))
        #expect(limiter.admit(key(1), now: start.advanced(by: .seconds(1))) == .admitted)
    }

    @Test func `a hundred addresses of one IPv6 network share the limit`() throws {
        var limiter = AddressLimiter(limits: .init(concurrent: 10, rate: nil, capacity: 1000))
        let verdicts = try (0..<100).map {
            limiter.admit(AddressKey(try #require(IPAddress("2001:db8::\($0)"))), now: start)
        }
        #expect(verdicts.filter { $0 == .admitted }.count == 10)
    }

    @Test func `an address without connections and with a full bucket is forgotten`() {
        var limiter = AddressLimiter(limits: .init(concurrent: 5, rate: nil, capacity: 10))
        #expect(limiter.admit(key(1), now: start) == .admitted)
        limiter.release(key(1), now: start)
        #expect(limiter.count == 0)
    }

    @Test func `the table shrinks by itself while other addresses come`() {
        let rate = TokenRate(perSecond: 10, burst: 10)
        var limiter = AddressLimiter(limits: .init(concurrent: 5, rate: rate, capacity: 10_000))
        for number in 0..<1000 {
            #expect(limiter.admit(key(number), now: start) == .admitted)
            limiter.release(key(number), now: start)
        }
        #expect(limiter.count == 1000)
        let later = start.advanced(by: .seconds(10))
        for _ in 0..<2000 {
            _ = limiter.admit(key(5000), now: later)
            limiter.release(key(5000), now: later)
        }
        #expect(limiter.count <= 2)
    }

    @Test func `a full table gives up addresses without connections, never those with one`() {
        let rate = TokenRate(perSecond: 0.01, burst: 10)
        var limiter = AddressLimiter(limits: .init(concurrent: 5, rate: rate, capacity: 20))
        for number in 0..<10 { #expect(limiter.admit(key(number), now: start) == .admitted) }
        for number in 100..<1000 {
            #expect(limiter.admit(key(number), now: start) == .admitted)
            limiter.release(key(number), now: start)
            #expect(limiter.count <= 20)
        }
        for number in 0..<10 { #expect(limiter.connections(of: key(number)) == 1) }
        for number in 10..<20 { #expect(limiter.admit(key(number), now: start) == .admitted) }
        #expect(limiter.admit(key(50), now: start) == .tooManyAddresses)
        limiter.release(key(0), now: start)
        #expect(limiter.admit(key(50), now: start) == .admitted)
        #expect(limiter.invariants())
    }

    @Test func `a release without a connection changes nothing`() {
        var limiter = AddressLimiter(limits: .init(concurrent: 1, rate: nil, capacity: 10))
        limiter.release(key(1), now: start)
        #expect(limiter.admit(key(1), now: start) == .admitted)
        limiter.release(key(1), now: start)
        limiter.release(key(1), now: start)
        #expect(limiter.admit(key(1), now: start) == .admitted)
        #expect(limiter.admit(key(1), now: start) == .tooManyConnections)
    }

    @Test func `a limit of none admits none`() {
        var limiter = AddressLimiter(limits: .init(concurrent: 0, rate: nil, capacity: 10))
        #expect(limiter.admit(key(1), now: start) == .tooManyConnections)
        #expect(limiter.count == 0)
    }

    /// Remembers everything for ever.
    private struct Model {
        var connections: [Int: Int] = [:]
        var buckets: [Int: TokenBucket] = [:]
    }

    @Test(arguments: 1...20)
    func `it agrees with a model that forgets nothing`(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        let rate = TokenRate(perSecond: 2, burst: 4)
        let limit = 3
        var limiter = AddressLimiter(limits: .init(concurrent: limit, rate: rate, capacity: 64))
        var model = Model()
        var now = start
        for _ in 0..<2000 {
            now = now.advanced(by: .milliseconds(Int.random(in: 0...200, using: &random)))
            let number = Int.random(in: 0..<40, using: &random)
            let held = model.connections[number, default: 0]
            if Bool.random(using: &random) {
                var expected = AddressLimiter.Verdict.admitted
                if held >= limit {
                    expected = .tooManyConnections
                } else if case .refused(let retryAt) =
                    model.buckets[number, default: TokenBucket(now: now)].take(rate: rate, now: now)
                {
                    expected = .tooFast(retryAt: retryAt)
                } else {
                    model.connections[number] = held + 1
                }
                #expect(limiter.admit(key(number), now: now) == expected)
            } else {
                limiter.release(key(number), now: now)
                model.connections[number] = max(0, held - 1)
            }
            #expect(limiter.connections(of: key(number)) == model.connections[number, default: 0])
        }
        #expect(limiter.invariants())
    }

    @Test(arguments: 1...10)
    func `a small table under many addresses stays bounded and counts right`(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        let rate = TokenRate(perSecond: 1, burst: 2)
        var limiter = AddressLimiter(limits: .init(concurrent: 2, rate: rate, capacity: 16))
        var open: [Int] = []
        for _ in 0..<2000 {
            if open.count < 12, Bool.random(using: &random) {
                let number = Int.random(in: 0..<1000, using: &random)
                if limiter.admit(key(number), now: start) == .admitted { open.append(number) }
            } else if let index = open.indices.randomElement(using: &random) {
                limiter.release(key(open.remove(at: index)), now: start)
            }
            if limiter.count > 16 || !limiter.invariants() { Issue.record("\(limiter)") }
        }
        for number in Set(open) {
            #expect(limiter.connections(of: key(number)) == open.filter { $0 == number }.count)
        }
    }
}
