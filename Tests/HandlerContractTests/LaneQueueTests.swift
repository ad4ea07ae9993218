import Randomness
import Testing

@testable import HandlerContract

@Suite struct LaneQueueTests {
    @Test func `what goes in first comes out first`() {
        let seed: UInt64 = 11
        var random = SeededRandom(seed: seed)
        var queue = LaneQueue<Int>()
        var model: [Int] = []
        for step in 0..<20_000 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5:
                queue.append(step)
                model.append(step)
            case 5..<9:
                let popped = queue.popFirst()
                #expect(popped == (model.isEmpty ? nil : model.removeFirst()), "seed \(seed)")
            default:
                queue.updateFirst { $0 = -step }
                if !model.isEmpty { model[0] = -step }
            }
            if queue.count != model.count || queue.first != model.first || queue.isEmpty != model.isEmpty {
                Issue.record("seed \(seed), step \(step)")
            }
        }
        #expect(queue.removeAll() == model)
        #expect(queue.isEmpty)
    }

    @Test func `elements are let go when they are popped`() {
        final class Token {}
        var queue = LaneQueue<Token>()
        weak var seen: Token?
        do {
            let token = Token()
            seen = token
            queue.append(token)
            queue.append(Token())
        }
        _ = queue.popFirst()
        #expect(seen == nil)
    }
}
