import Testing

@testable import Gateway

@Suite struct PageSelectionTests {
    @Test func `the first of a list are those that sorting would put first`() {
        var generator = SystemRandomNumberGenerator()
        for count in [0, 1, 2, 7, 100] {
            let list = (0..<300).map { _ in Int.random(in: 0..<200, using: &generator) }
            #expect(list.first(count, inOrder: <) == Array(list.sorted().prefix(count)))
        }
        #expect([3, 1].first(5, inOrder: <) == [1, 3])
        #expect([Int]().first(5, inOrder: <) == [])
    }
}
