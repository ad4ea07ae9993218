import Testing

@testable import Bus

@Suite struct GroupTableTests {
    @Test func `an empty group disappears and its slot is used again`() {
        var table = GroupTable()
        let first = table.intern("a")
        _ = table.append(.init(member: 1, place: 0), to: first)
        #expect(table.intern("a") == first)
        #expect(table.remove(at: 0, from: first) == nil)
        #expect(table.slot(named: "a") == nil)
        #expect(table.count == 0)
        #expect(table.invariants())
        #expect(table.intern("b") == first)
        _ = table.append(.init(member: 2, place: 0), to: first)
        #expect(table.name(of: first) == "b")
        #expect(table.invariants())
    }

    @Test func `a gap is closed by the last entry`() {
        var table = GroupTable()
        let slot = table.intern("a")
        let indices = (0..<4).map { table.append(.init(member: $0, place: 0), to: slot) }
        #expect(indices == [0, 1, 2, 3])
        #expect(table.remove(at: 1, from: slot)?.member == 3)
        #expect(table.entries(of: slot).map(\.member) == [0, 3, 2])
        #expect(table.remove(at: 2, from: slot) == nil)
        #expect(table.entries(of: slot).map(\.member) == [0, 3])
        #expect(table.invariants())
    }
}
