import Testing

@testable import HandlerContract

@Suite struct LaneSequencesTests {
    @Test func `each lane counts from one`() {
        var sequences = LaneSequences(capacity: 10)
        #expect((1...3).map { _ in sequences.next("a") } == [1, 2, 3])
        #expect(sequences.next("b") == 1)
        #expect(sequences.next("a") == 4)
    }

    @Test func `lanes whose names look alike are two`() {
        var sequences = LaneSequences(capacity: 10)
        #expect([sequences.next("caf\u{E9}"), sequences.next("cafe\u{301}")] == [1, 1])
        sequences.remove("caf\u{E9}")
        #expect([sequences.next("caf\u{E9}"), sequences.next("cafe\u{301}")] == [1, 2])
    }

    @Test func `a lane that was removed begins again`() {
        var sequences = LaneSequences(capacity: 10)
        _ = sequences.next("a")
        sequences.remove("a")
        #expect(sequences.count == 0)
        #expect(sequences.next("a") == 1)
    }

    @Test func `the last lanes are remembered and memory is bounded`() {
        var sequences = LaneSequences(capacity: 100)
        for lane in 0..<10_000 {
            _ = sequences.next("\(lane)")
            #expect(sequences.count <= 200)
        }
        for lane in 9_900..<10_000 { #expect(sequences.next("\(lane)") == 2) }
        #expect(sequences.next("5") == 1)
    }

    @Test func `a lane in use is never forgotten`() {
        var sequences = LaneSequences(capacity: 10)
        for round in 1...1_000 {
            #expect(sequences.next("busy") == UInt64(round))
            for other in 0..<5 { _ = sequences.next("\(round).\(other)") }
        }
    }
}
