import HandlerContract
import Testing

@Suite struct BatchLimitsTests {
    @Test func `the same events in the same order are the same request, and no others are`() {
        let id = BatchLimits.requestID(of: ["evt_1", "evt_2"])
        #expect(id == BatchLimits.requestID(of: ["evt_1", "evt_2"]))
        #expect(id.hasPrefix("bat_") && id.utf8.count == 36)
        let others = [
            ["evt_2", "evt_1"], ["evt_1"], ["evt_1", "evt_2", "evt_3"], ["evt_1evt_2"], ["evt_1", "evt_2", ""],
        ]
        #expect(Set(others.map(BatchLimits.requestID)).union([id]).count == others.count + 1)
    }

    @Test func `a request has at least one event`() {
        #expect(BatchLimits(max: 0, linger: .zero).max == 1)
    }
}
