import Randomness
import Testing

@testable import HandlerContract

@Suite struct ULIDGeneratorTests {
    private struct Constant: RandomNumberGenerator {
        var value: UInt64
        mutating func next() -> UInt64 { value }
    }

    @Test func `an identifier carries its millisecond`() {
        var generator = ULIDGenerator()
        var random = SeededRandom(seed: 1)
        let id = generator.next(at: Timestamp(milliseconds: 1_767_225_600_123), using: &random)
        #expect(id.timestamp.milliseconds == 1_767_225_600_123)
    }

    @Test func `identifiers grow within a millisecond and when the clock steps back`() {
        let seed: UInt64 = 99
        var generator = ULIDGenerator()
        var random = SeededRandom(seed: seed)
        var clock: Int64 = 1_767_225_600_000
        var last = generator.next(at: Timestamp(milliseconds: clock), using: &random)
        for _ in 0..<10_000 {
            clock += Int64.random(in: -3...3, using: &random)
            let next = generator.next(at: Timestamp(milliseconds: clock), using: &random)
            #expect(last < next && last.description < next.description, "seed \(seed)")
            last = next
        }
    }

    @Test func `when the random bits are used up the next millisecond begins`() {
        var generator = ULIDGenerator()
        var ones = Constant(value: .max)
        let first = generator.next(at: Timestamp(milliseconds: 5), using: &ones)
        #expect(first == ULID(high: 5 << 16 | 0xFFFF, low: .max))
        #expect(generator.next(at: Timestamp(milliseconds: 5), using: &ones) == ULID(high: 6 << 16, low: 0))
    }

    @Test(arguments: [Int64.min, -1, .max])
    func `times that do not fit are the nearest that do`(milliseconds: Int64) {
        var generator = ULIDGenerator()
        var random = SeededRandom(seed: 1)
        let id = generator.next(at: Timestamp(milliseconds: milliseconds), using: &random)
        #expect(id.timestamp.milliseconds == (milliseconds < 0 ? 0 : 1 << 48 - 1))
        #expect(generator.next(at: Timestamp(milliseconds: milliseconds), using: &random) > id)
    }
}
