import Bus
import Testing

@Suite struct NamespaceSequenceTests {
    @Test func `offsets start at one and have no gaps`() {
        var sequence = NamespaceSequence()
        #expect(sequence.last == 0)
        #expect((1...5).map { _ in sequence.next() } == [1, 2, 3, 4, 5])
        #expect(sequence.last == 5)
    }

    @Test func `a restored sequence goes on where it was`() {
        var sequence = NamespaceSequence(last: 41)
        #expect(sequence.next() == 42)
    }
}
