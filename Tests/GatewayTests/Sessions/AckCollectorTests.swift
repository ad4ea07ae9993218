import Synchronization
import Testing

@testable import Gateway

@Suite struct AckCollectorTests {
    private final class Outcome: Sendable {
        private let results = Mutex<[AckCollector.Result]>([])
        func add(_ result: AckCollector.Result) { self.results.withLock { $0.append(result) } }
        var all: [AckCollector.Result] { self.results.withLock { $0 } }
    }

    private func collector(shards: Int = 1, first: Bool = false) -> (AckCollector, Outcome) {
        let outcome = Outcome()
        return (AckCollector(shards: shards, first: first) { outcome.add($0) }, outcome)
    }

    private func answer(_ id: String) -> AckCollector.Response { .init(socketID: id, arguments: [], attachments: []) }

    @Test func `it ends when everyone has answered`() {
        let (collector, outcome) = self.collector()
        collector.asked("a")
        collector.asked("b")
        collector.shardReported(2)
        collector.answered(self.answer("a"))
        #expect(outcome.all.isEmpty)
        collector.answered(self.answer("b"))
        #expect(outcome.all.count == 1)
        #expect(outcome.all.first?.responses.map(\.socketID) == ["a", "b"])
        #expect(outcome.all.first?.missing == [])
    }

    @Test func `it waits for shards that have not asked yet`() {
        let (collector, outcome) = self.collector(shards: 2)
        collector.asked("a")
        collector.shardReported(1)
        collector.answered(self.answer("a"))
        #expect(outcome.all.isEmpty)
        collector.shardReported(0)
        #expect(outcome.all.count == 1)
    }

    @Test func `the first answer is enough when that was asked for`() {
        let (collector, outcome) = self.collector(first: true)
        collector.asked("a")
        collector.asked("b")
        collector.shardReported(2)
        collector.answered(self.answer("b"))
        collector.answered(self.answer("a"))
        #expect(outcome.all.count == 1)
        #expect(outcome.all.first?.responses.map(\.socketID) == ["b"])
    }

    @Test func `who left or did not answer in time is missing`() {
        let (collector, outcome) = self.collector()
        for id in ["a", "b", "c"] { collector.asked(id) }
        collector.shardReported(3)
        collector.gone("b")
        collector.answered(self.answer("c"))
        collector.expire()
        collector.answered(self.answer("a"))
        #expect(outcome.all.count == 1)
        #expect(outcome.all.first?.responses.map(\.socketID) == ["c"])
        #expect(outcome.all.first?.missing == ["a", "b"])
        #expect(collector.isDone)
    }

    @Test func `an answer of somebody who was not asked, or a second one, does not count`() {
        let (collector, outcome) = self.collector()
        collector.asked("a")
        collector.answered(self.answer("stranger"))
        collector.answered(self.answer("a"))
        collector.answered(self.answer("a"))
        collector.shardReported(1)
        #expect(outcome.all.first?.responses.map(\.socketID) == ["a"])
    }

    @Test func `nobody to ask is over at once`() {
        let (collector, outcome) = self.collector()
        collector.shardReported(0)
        #expect(outcome.all.count == 1)
    }
}
