import Testing

@testable import Bus

extension HistoryLimits {
    /// Room for everything that a test logs.
    static let wide = HistoryLimits(
        maxEntries: 100_000, maxBytes: 1 << 30, maxAge: .seconds(1_000_000), maxReplay: 1_000,
        maxReplayBytes: 1 << 20)

    func with(_ change: (inout HistoryLimits) -> Void) -> HistoryLimits {
        var limits = self
        change(&limits)
        return limits
    }
}

@Suite struct HistoryTests {
    private let start = ContinuousClock.now

    private func log(
        _ history: inout History<Int>, _ sequence: UInt64, _ target: Target = .init(all: true), bytes: Int = 0,
        after: Duration = .zero
    ) {
        history.append(
            .event(Int(sequence), asksAck: false), for: target, bytes: bytes, sequence: sequence, now: start + after)
        #expect(history.invariants())
    }

    @Test func `the oldest go when there are too many, and the floor says up to where`() {
        var history = History<Int>(limits: .wide.with { $0.maxEntries = 3 })
        for sequence in [2, 5, 6] as [UInt64] { log(&history, sequence, .init(rooms: ["a", "b"])) }
        #expect(history.floor == 0 && history.count == 3)
        log(&history, 9, .init(rooms: ["b"]))
        #expect(history.floor == 2 && history.count == 3)
        #expect(history.entry(2) == nil && history.entry(5)?.sequence == 5 && history.entry(7) == nil)
        #expect(history.entries(after: 5, limit: 10).map(\.sequence) == [6, 9])
        #expect(history.entries(after: 0, limit: 2).map(\.sequence) == [5, 6])
    }

    @Test func `bytes are bounded, also by one entry that is larger than all may be`() {
        var history = History<Int>(limits: .wide.with { $0.maxBytes = 2_000 })
        log(&history, 1, bytes: 700)
        log(&history, 2, bytes: 700)
        #expect(history.count == 2 && history.bytes <= 2_000)
        log(&history, 3, bytes: 700)
        #expect(history.count == 2 && history.floor == 1)
        log(&history, 4, bytes: 5_000)
        #expect(history.count == 0 && history.floor == 4 && history.bytes == 0)
    }

    @Test func `age is bounded while nothing else is logged`() {
        var history = History<Int>(limits: .wide.with { $0.maxAge = .seconds(10) })
        log(&history, 1)
        log(&history, 2, after: .seconds(5))
        history.prune(now: start + .seconds(10))
        #expect(history.count == 2)
        history.prune(now: start + .seconds(11))
        #expect(history.count == 1 && history.floor == 1)
        history.prune(now: start + .seconds(100))
        #expect(history.count == 0 && history.floor == 2 && history.invariants())
    }

    @Test func `R8 a clock that is read a little out of order does no harm`() {
        var history = History<Int>(limits: .wide.with { $0.maxAge = .seconds(10) })
        log(&history, 1, after: .seconds(5))
        log(&history, 2, after: .seconds(4))
        #expect(history.entry(2)?.time == start + .seconds(5))
    }

    @Test func `the index forgets what the log forgets`() {
        var history = History<Int>(limits: .wide.with { $0.maxEntries = 2 })
        log(&history, 1, .init(rooms: ["a", "a"], sockets: ["a", "s"]))
        log(&history, 2, .init(users: ["u"]))
        #expect(history.index.rooms.count == 2)
        log(&history, 3)
        log(&history, 4)
        #expect(history.index.rooms.isEmpty && history.index.users.isEmpty)
        #expect(history.index.everyone.count == 2)
    }

    @Test func `what is dropped by time is the oldest, as much as is asked for`() {
        var history = History<Int>(limits: .wide)
        for sequence in 1...10 as ClosedRange<UInt64> {
            log(&history, sequence, .init(rooms: ["a"]), bytes: 1_000, after: .seconds(Int64(sequence)))
        }
        #expect(history.oldest == start + .seconds(1))
        #expect(history.drop(before: start + .seconds(1), limit: 100).isEmpty)
        #expect(history.drop(before: start + .seconds(4), limit: 2).map(\.sequence) == [1, 2])
        #expect(history.drop(before: start + .seconds(4), limit: 2).map(\.sequence) == [3])
        #expect(history.drop(before: start + .seconds(99), limit: 100, bytes: 1_500).map(\.sequence) == [4, 5])
        #expect(history.invariants() && history.floor == 5 && history.count == 5)
        #expect(history.drop(before: start + .seconds(99), limit: 100).count == 5)
        #expect(history.oldest == nil && history.bytes == 0 && history.floor == 10)
    }
}
