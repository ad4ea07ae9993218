import EngineIO
import Testing

@Suite struct SessionTests {
    @Test func `a session is small`() {
        #expect(MemoryLayout<Session>.size <= 200, "\(MemoryLayout<Session>.size) bytes")
        #expect(MemoryLayout<OutboundPacket>.stride <= 48)
    }

    @Test func `after the end nothing comes out`() {
        let bench = Bench(.polling)
        _ = bench.send("4a")
        _ = bench.fail(.parseError)
        #expect(bench.send("4b") == .dropped)
        #expect(bench.answer() == "")
        #expect(bench.frames() == [])
        #expect(bench.queuedBytes == 0)
        #expect(bench.nextDeadline == nil)
        #expect(bench.close() == .none)
        #expect(bench.isConsistent)
    }
}
