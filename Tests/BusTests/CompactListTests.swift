import Randomness
import Testing

@testable import Bus

@Suite struct CompactListTests {
    private struct Number: Vacant, Hashable {
        static let vacant = Number(value: -1)
        var isVacant: Bool { value < 0 }
        var value: Int
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `random changes agree with an array`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var list = CompactList<Number>()
        var model: [Number] = []
        for step in 0..<5_000 {
            switch Int.random(in: 0..<5, using: &random) {
            case 0,
                1 where model.count < 6:
                list.append(Number(value: step))
                model.append(Number(value: step))
            case 2 where !model.isEmpty:
                let index = Int.random(in: model.indices, using: &random)
                list[index].value = step
                model[index].value = step
            case 3 where Int.random(in: 0..<4, using: &random) == 0:
                list.reserve(Int.random(in: 0..<9, using: &random))
            default:
                #expect(list.popLast() == model.popLast())
            }
            #expect(list.count == model.count && Array(list) == model)
            var walked: [Number] = []
            list.forEach { walked.append($0) }
            #expect(walked == model)
        }
    }

    @Test func `a room and a place of their own take no more than an array would`() {
        #expect(MemoryLayout<CompactList<GroupTable.Entry>>.size == 16)
        #expect(MemoryLayout<CompactList<Membership.Place>>.size == 16)
    }
}
