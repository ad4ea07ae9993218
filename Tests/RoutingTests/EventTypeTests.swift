import Testing

@testable import Routing

@Suite struct EventTypeTests {
    @Test func `ordinals count the types`() {
        #expect(EventType.allCases.map(\.ordinal) == Array(0..<EventType.allCases.count))
    }

    @Test func `types are called as in the handler contract`() {
        #expect(
            EventType.allCases.map(\.rawValue) == [
                "socket.connect", "socket.connected", "socket.event", "socket.message", "socket.disconnected",
                "socket.refresh", "room.occupied", "room.vacated",
            ])
    }
}
