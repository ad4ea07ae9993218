import Randomness
import Testing

@testable import Bus

@Suite struct NameIndexTests {
    @Test func `an empty index finds nothing`() {
        let index = NameIndex()
        #expect(index.find(ExactName("a")) { _ in "" } == nil)
        #expect(index.isEmpty && Array(index.numbers).isEmpty)
    }

    @Test func `a name can be given another number`() throws {
        let names = ["a", "b", "a"]
        var index = NameIndex()
        index.insert(0, named: ExactName("a"))
        index.insert(1, named: ExactName("b"))
        let position = try #require(index.find(ExactName("a")) { names[Int($0)] })
        index[position] = 2
        #expect(index.find(ExactName("a")) { names[Int($0)] }.map { index[$0] } == 2)
        #expect(index.count == 2)
        #expect(index.invariants { names[Int($0)] })
    }

    @Test func `names are told apart by their bytes`() {
        let names = ["caf\u{E9}", "cafe\u{301}"]
        var index = NameIndex()
        index.insert(0, named: ExactName(names[0]))
        #expect(index.find(ExactName(names[1])) { names[Int($0)] } == nil)
        index.insert(1, named: ExactName(names[1]))
        #expect(index.invariants { names[Int($0)] })
    }

    /// Few names, so that buckets at the end of the table run over to its start; many, so that it grows.
    @Test(arguments: [6, 40, 2_000], 1...4 as ClosedRange<UInt64>)
    func `random changes agree with a dictionary`(names: Int, seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var index = NameIndex()
        var model: [String: UInt32] = [:]
        func name(_ number: UInt32) -> String { "name \(number)" }
        for operation in 0..<10_000 {
            let number = UInt32.random(in: 0..<UInt32(names), using: &random)
            let found = index.find(ExactName(name(number)), nameOf: name)
            #expect(found.map { index[$0] } == model[name(number)])
            if let found {
                index.remove(at: found)
                model[name(number)] = nil
            } else {
                index.insert(number, named: ExactName(name(number)))
                model[name(number)] = number
            }
            guard operation % 50 == 0 else { continue }
            #expect(index.count == model.count && Set(index.numbers) == Set(model.values))
            #expect(index.invariants(nameOf: name))
        }
        for (name, _) in model {
            guard let found = index.find(ExactName(name), nameOf: { "name \($0)" }) else {
                Issue.record("\(name) is lost")
                continue
            }
            index.remove(at: found)
        }
        #expect(index.isEmpty)
    }
}
