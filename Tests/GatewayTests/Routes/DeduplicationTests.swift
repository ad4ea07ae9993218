import NIOCore
import Testing

@testable import Gateway

@Suite struct DeduplicationTests {
    private typealias Table = Deduplication<Int>

    private let start = ContinuousClock.now

    private func key(_ id: String, session: String = "S") -> Table.Key { .init(session: session, route: "put", id: id) }

    private func answer(_ text: String) -> DedupeAnswer { DedupeAnswer(arguments: ByteBuffer(string: text)) }

    @Test func `a repeat gets the answer of the first arrival for two minutes`() {
        var table = Table()
        #expect(table.arrived(key("a"), 1, now: start).isFirst)
        #expect(table.finish(key("a"), answer("1"), now: start).isEmpty)
        #expect(table.arrived(key("a"), 2, now: start + .seconds(119)).text == "1")
        #expect(table.arrived(key("a", session: "T"), 3, now: start).isFirst)
        #expect(table.arrived(key("a"), 4, now: start + .seconds(120)).isFirst)
        #expect(table.invariants())
    }

    @Test func `repeats wait for an answer that is on its way`() {
        var table = Table()
        #expect(table.arrived(key("a"), 0, now: start).isFirst)
        for waiter in 1...20 { #expect(table.arrived(key("a"), waiter, now: start + .seconds(500)).waits) }
        #expect(table.finish(key("a"), answer("1"), now: start) == Array(5...20))
        #expect(table.finish(key("a"), answer("2"), now: start).isEmpty)
    }

    @Test func `what was not done is done when it comes again`() {
        var table = Table()
        #expect(table.arrived(key("a"), 0, now: start).isFirst)
        #expect(table.arrived(key("a"), 1, now: start).waits)
        #expect(table.finish(key("a"), nil, now: start) == [1])
        #expect(table.arrived(key("a"), 2, now: start).isFirst)
    }

    @Test func `a session has a thousand ids, and the oldest go first`() {
        var table = Table()
        for number in 0..<3_000 {
            #expect(table.arrived(key("\(number)"), 0, now: start).isFirst)
            _ = table.finish(key("\(number)"), answer(""), now: start)
        }
        #expect(table.count <= 1_000 && table.count >= 900)
        #expect(table.arrived(key("2999"), 0, now: start).text == "")
        #expect(table.arrived(key("0"), 0, now: start).isFirst)
        #expect(table.invariants())
    }

    @Test func `all answers together are bounded`() {
        var table = Table()
        let large = DedupeAnswer(arguments: ByteBuffer(repeating: 1, count: 1 << 20))
        for number in 0..<100 {
            _ = table.arrived(key("a", session: "\(number)"), 0, now: start)
            _ = table.finish(key("a", session: "\(number)"), large, now: start)
        }
        #expect(table.invariants() && table.count < 64 && table.count > 50)
        #expect(table.arrived(key("a", session: "99"), 0, now: start).text?.utf8.count == 1 << 20)
    }
}

extension Deduplication.Arrival {
    fileprivate var isFirst: Bool { if case .first = self { true } else { false } }
    fileprivate var waits: Bool { if case .waits = self { true } else { false } }
    fileprivate var text: String? {
        if case .answered(let answer) = self { String(buffer: answer.arguments) } else { nil }
    }
}
