import Randomness
import Testing

@testable import Gateway

@Suite struct PendingEventsTests {
    private typealias Pending = PendingEvents<Int>

    private func key(_ event: String, _ room: String = "a") -> PendingKey {
        PendingKey(namespace: "/", event: event, recipients: [[room], [], []])
    }

    private func all(_ pending: Pending) -> [Int] {
        var pending = pending
        var items: [Int] = []
        while let item = pending.popFirst() { items.append(item) }
        return items
    }

    @Test func `names that only look alike are two`() {
        #expect(key("caf\u{E9}") != key("cafe\u{301}") && key("said", "caf\u{E9}") != key("said", "cafe\u{301}"))
        #expect(key("caf\u{E9}") == key("caf\u{E9}"))
    }

    @Test func `what fits waits in order`() {
        var pending = Pending(policy: .dropOldest, limit: 100)
        for item in 1...10 {
            #expect(pending.append(item, bytes: 10, key: nil) == .waits(oldest: 0, superseded: 0))
        }
        #expect(pending.bytes == 100 && pending.count == 10 && pending.invariants())
        #expect(self.all(pending) == Array(1...10))
    }

    @Test func `the oldest go first`() {
        var pending = Pending(policy: .dropOldest, limit: 100)
        for item in 1...10 { _ = pending.append(item, bytes: 10, key: nil) }
        #expect(pending.append(11, bytes: 25, key: nil) == .waits(oldest: 3, superseded: 0))
        #expect(self.all(pending) == Array(4...11))
    }

    @Test func `one that is larger than the limit waits alone`() {
        var pending = Pending(policy: .dropOldest, limit: 100)
        _ = pending.append(1, bytes: 10, key: nil)
        #expect(pending.append(2, bytes: 500, key: nil) == .waits(oldest: 1, superseded: 0))
        #expect(self.all(pending) == [2])
        #expect(pending.append(3, bytes: 10, key: nil) == .waits(oldest: 1, superseded: 0))
        #expect(self.all(pending) == [3])
    }

    @Test func `what must not be lost keeps its place between the events`() {
        var pending = Pending(policy: .dropOldest, limit: 50)
        _ = pending.append(1, bytes: 10, key: nil)
        _ = pending.append(kept: 100, bytes: 10)
        for item in 2...6 { _ = pending.append(item, bytes: 10, key: nil) }
        #expect(self.all(pending) == [100, 3, 4, 5, 6])
    }

    @Test func `too much that must not be lost is the end`() {
        var pending = Pending(policy: .latest, limit: 50)
        _ = pending.append(1, bytes: 10, key: nil)
        for item in 100..<105 { #expect(pending.append(kept: item, bytes: 10) != .full) }
        #expect(pending.append(kept: 105, bytes: 10) == .full)
    }

    @Test func `the latest of a name and room takes the place of the one before`() {
        var pending = Pending(policy: .latest, limit: 1000)
        _ = pending.append(1, bytes: 10, key: self.key("price"))
        _ = pending.append(2, bytes: 10, key: self.key("news"))
        _ = pending.append(3, bytes: 10, key: self.key("price", "b"))
        #expect(pending.append(4, bytes: 10, key: self.key("price")) == .waits(oldest: 0, superseded: 1))
        #expect(self.all(pending) == [2, 3, 4])
    }

    @Test func `dropOldest knows no names`() {
        var pending = Pending(policy: .dropOldest, limit: 1000)
        _ = pending.append(1, bytes: 10, key: self.key("price"))
        #expect(pending.append(2, bytes: 10, key: self.key("price")) == .waits(oldest: 0, superseded: 0))
        #expect(self.all(pending) == [1, 2])
    }

    @Test func `a million updates of one name leave no trace`() {
        var pending = Pending(policy: .latest, limit: 1000)
        _ = pending.append(-1, bytes: 10, key: self.key("news"))
        for item in 0..<1_000_000 { _ = pending.append(item, bytes: 10, key: self.key("price")) }
        #expect(pending.count == 2 && pending.invariants())
        #expect(self.all(pending) == [-1, 999_999])
    }

    @Test(arguments: UInt64(0)..<40) func `any order of calls keeps order, bound and what must be kept`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let policy: PendingPolicy = seed.isMultiple(of: 2) ? .latest : .dropOldest
        var pending = Pending(policy: policy, limit: 200)
        var keptIn: [Int] = []
        var keptOut: [Int] = []
        var last = -1
        for item in 0..<2_000 {
            let bytes = Int(random.next() % 40) + 1
            switch random.next() % 10 {
            case 0 where keptIn.count - keptOut.count < 4:
                keptIn.append(item)
                #expect(pending.append(kept: item, bytes: bytes) != .full)
            case 1, 2, 3:
                if let popped = pending.popFirst() {
                    #expect(popped > last)
                    last = popped
                    if keptIn.contains(popped) { keptOut.append(popped) }
                }
            default:
                let key = random.next().isMultiple(of: 4) ? nil : self.key("e\(random.next() % 5)")
                #expect(pending.append(item, bytes: bytes, key: key) != .full)
            }
            #expect(pending.bytes <= 200 || pending.count == 1)
            #expect(pending.invariants())
        }
        keptOut += self.all(pending).filter(keptIn.contains)
        #expect(keptOut == keptIn)
    }
}
