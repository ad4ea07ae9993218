import Testing

@testable import Gateway

@Suite struct RoomSummaryTests {
    @Test func `parts of a room are added up, and names are told apart by their bytes`() {
        // The same letter, composed and decomposed.
        let (composed, decomposed) = ("caf\u{E9}", "cafe\u{301}")
        let merged = RoomSummary.merge([
            .init(name: "b", sockets: 1), .init(name: composed, sockets: 2), .init(name: "a", sockets: 3),
            .init(name: decomposed, sockets: 4), .init(name: "b", sockets: 5),
        ])
        #expect(merged.map(\.sockets) == [3, 6, 4, 2])
        #expect(merged.map { $0.name.utf8.count } == [1, 1, 6, 5])
    }
}
