import Outbox
import Testing

@Suite struct OutboxEngineTests {
    private func event(_ number: Int) -> NewEvent {
        NewEvent(
            id: "evt_\(number)", handler: "app", route: "put", lane: "lane \(number)", type: "socket.event",
            socket: "S", namespace: "/", accepted: 0, head: [], tail: [])
    }

    @Test func `while nothing can be written, neither clients that go nor attempts that fail pile up`() throws {
        let store = ModelStore()
        var engine = try OutboxEngine(store: store, handlers: ["app", "other", "third"], limits: .init())
        _ = engine.turn(appends: [], now: 0)
        let stored = engine.turn(appends: (1...3).map(event), now: 0).deliver
        #expect(stored.count == 3)

        store.fate = { .fails }
        for number in 0..<50_000 { engine.forget(lane: "socket:\(number)") }
        for attempt in 1...1_000 {
            for one in stored {
                engine.report(.attempted(one.position, attempts: attempt, notBefore: Int64(attempt)), of: one)
            }
        }
        engine.report(.delivered(stored[2].position), of: stored[2])
        #expect(engine.turn(appends: [], now: 0).failure != nil)
        #expect(engine.unwritten == OutboxEngine<ModelStore>.maxForgets + 3)

        store.fate = { .succeeds }
        #expect(engine.turn(appends: [], now: 0).failure == nil)
        #expect(engine.unwritten == 0)
        #expect(store.committed.rows.values.map(\.stored.attempts) == [1_000, 1_000])
        // There is room for lanes again.
        engine.forget(lane: "socket:X")
        #expect(engine.unwritten == 3)
    }
}
