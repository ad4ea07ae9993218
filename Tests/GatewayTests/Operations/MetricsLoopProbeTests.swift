import Testing

@testable import Gateway

@Suite struct MetricsLoopProbeTests {
    @Test func `the worst of the last fifteen is shown`() {
        let probe = LoopLagProbe()
        #expect(probe.worst == .zero)
        probe.record(.milliseconds(80))
        for _ in 0..<14 { probe.record(.milliseconds(1)) }
        #expect(probe.worst == .milliseconds(80))
        probe.record(.milliseconds(2))
        #expect(probe.worst == .milliseconds(2))
    }
}
