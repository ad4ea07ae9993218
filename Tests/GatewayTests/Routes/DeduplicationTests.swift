import NIOCore
import Randomness
import Testing

@testable import Gateway

@Suite struct DeduplicationTests {
    private typealias Table = Deduplication<Int>

    private let start = ContinuousClock.now

    private func table(maxBytes: Int = 64 << 20) -> Table { Table(maxBytes: maxBytes) }

    private func key(_ id: String, session: String = "S") -> Table.Key { .init(session: session, route: "put", id: id) }

    private func answer(_ text: String) -> DedupeAnswer { DedupeAnswer(arguments: ByteBuffer(string: text)) }

    @Test func `a repeat gets the answer of the first arrival for two minutes`() {
        var table = table()
        #expect(table.arrived(key("a"), 1, now: start).isFirst)
        #expect(table.finish(key("a"), answer("1"), now: start).isEmpty)
        #expect(table.arrived(key("a"), 2, now: start + .seconds(119)).text == "1")
        #expect(table.arrived(key("a", session: "T"), 3, now: start).isFirst)
        #expect(table.arrived(key("a"), 4, now: start + .seconds(120)).isFirst)
        #expect(table.invariants())
    }

    @Test func `repeats wait for an answer that is on its way`() {
        var table = table()
        #expect(table.arrived(key("a"), 0, now: start).isFirst)
        for waiter in 1...20 { #expect(table.arrived(key("a"), waiter, now: start + .seconds(500)).waits) }
        #expect(table.finish(key("a"), answer("1"), now: start) == Array(5...20))
        #expect(table.finish(key("a"), answer("2"), now: start).isEmpty)
    }

    @Test func `what was not done is done when it comes again`() {
        var table = table()
        #expect(table.arrived(key("a"), 0, now: start).isFirst)
        #expect(table.arrived(key("a"), 1, now: start).waits)
        #expect(table.finish(key("a"), nil, now: start) == [1])
        #expect(table.arrived(key("a"), 2, now: start).isFirst)
    }

    @Test func `a session has a thousand ids, and the oldest go first`() {
        var table = table()
        for number in 0..<3_000 {
            #expect(table.arrived(key("\(number)"), 0, now: start).isFirst)
            _ = table.finish(key("\(number)"), answer(""), now: start)
        }
        // What is forgotten is nowhere any more, so that nobody has to look through it or pay for it.
        #expect(table.count == 1_000 && table.slotCount == 1_001)
        #expect(table.arrived(key("2999"), 0, now: start).text == "")
        #expect(table.arrived(key("2000"), 0, now: start).text == "")
        #expect(table.arrived(key("1999"), 0, now: start).isFirst)
        #expect(table.invariants())
    }

    @Test func `all answers together are bounded`() {
        var table = table()
        let large = DedupeAnswer(arguments: ByteBuffer(repeating: 1, count: 1 << 20))
        for number in 0..<100 {
            _ = table.arrived(key("a", session: "\(number)"), 0, now: start)
            _ = table.finish(key("a", session: "\(number)"), large, now: start)
        }
        #expect(table.invariants() && table.count < 64 && table.count > 50)
        #expect(table.arrived(key("a", session: "99"), 0, now: start).text?.utf8.count == 1 << 20)
    }

    @Test func `a client with large answers makes nobody else's be forgotten`() {
        var table = table(maxBytes: 4 << 20)
        _ = table.arrived(key("a", session: "other"), 0, now: start)
        _ = table.finish(key("a", session: "other"), answer("1"), now: start)
        let large = DedupeAnswer(arguments: ByteBuffer(repeating: 1, count: 100 << 10))
        for number in 0..<100 {
            _ = table.arrived(key("\(number)"), 0, now: start)
            _ = table.finish(key("\(number)"), large, now: start)
        }
        #expect(table.invariants() && table.count <= 11)
        #expect(table.arrived(key("99"), 0, now: start).text?.utf8.count == 100 << 10)
        #expect(table.arrived(key("a", session: "other"), 0, now: start).text == "1")
    }

    @Test func `an answer larger than all the room is kept until the next one`() {
        var table = table(maxBytes: 1_000)
        let large = DedupeAnswer(arguments: ByteBuffer(repeating: 1, count: 2_000))
        for id in ["a", "b"] {
            _ = table.arrived(key(id), 0, now: start)
            _ = table.finish(key(id), large, now: start)
            #expect(table.arrived(key(id), 0, now: start).text?.utf8.count == 2_000)
        }
        #expect(table.arrived(key("a"), 0, now: start).isFirst)
        #expect(table.invariants())
    }

    @Test func `ids are the same when their bytes are`() {
        var table = table()
        #expect(table.arrived(key("\u{E9}"), 0, now: start).isFirst)
        #expect(table.arrived(key("e\u{301}"), 0, now: start).isFirst)
        let long = String(repeating: "x", count: 1 << 20)
        #expect(table.arrived(key(long + "\u{E9}"), 0, now: start).isFirst)
        #expect(table.arrived(key(long + "e\u{301}"), 0, now: start).isFirst)
        #expect(table.arrived(key(long + "\u{E9}"), 1, now: start).waits)
        #expect(table.count == 4 && table.invariants())
    }

    @Test func `what is over is forgotten a few at a time, and never answered`() {
        var table = table()
        for number in 0..<900 {
            _ = table.arrived(key("\(number)"), 0, now: start)
            _ = table.finish(key("\(number)"), answer(""), now: start)
        }
        let later = start + .seconds(120)
        #expect(table.arrived(key("new", session: "T"), 0, now: later).isFirst)
        #expect(table.count == 900 - Table.expiriesPerArrival + 1)
        #expect(table.arrived(key("500"), 0, now: later).isFirst)
        #expect(table.invariants() && table.count < 402)
        for number in 0..<100 { _ = table.arrived(key("\(number)", session: "T"), 0, now: later) }
        #expect(table.invariants() && table.count == 102)
    }

    /// The order within a session and that of all sessions have to stay in step, whatever is forgotten when.
    @Test func `all orders agree through ten thousand random events`() {
        var random = SeededRandom(seed: 20_261_121)
        var table = table(maxBytes: 100_000)
        var now = start
        var open: [Table.Key] = []
        for round in 0..<10_000 {
            now += .milliseconds(Int.random(in: 0..<100, using: &random))
            if Bool.random(using: &random) || open.isEmpty {
                let session = "\(Int.random(in: 0..<4, using: &random))"
                let key = key("\(Int.random(in: 0..<1_500, using: &random))", session: session)
                if table.arrived(key, nil, now: now).isFirst { open.append(key) }
            } else {
                let key = open.remove(at: Int.random(in: 0..<open.count, using: &random))
                let size = Int.random(in: 0..<2_000, using: &random)
                let answer = DedupeAnswer(arguments: ByteBuffer(repeating: 1, count: size))
                _ = table.finish(key, Int.random(in: 0..<10, using: &random) == 0 ? nil : answer, now: now)
            }
            if round % 100 == 0 { #expect(table.invariants()) }
        }
        #expect(table.invariants())
    }
}

extension Deduplication.Arrival {
    fileprivate var isFirst: Bool { if case .first = self { true } else { false } }
    fileprivate var waits: Bool { if case .waits = self { true } else { false } }
    fileprivate var text: String? {
        if case .answered(let answer) = self { String(buffer: answer.arguments) } else { nil }
    }
}
