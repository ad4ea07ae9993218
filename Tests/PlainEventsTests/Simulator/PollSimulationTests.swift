import Foundation
import Testing

/// `GATEHOUSE_SIM_SEEDS` sets how many seeds are tried; `GATEHOUSE_SIM_SEED` runs one of them, with its story.
@Suite struct PollSimulationTests {
    private static let environment = ProcessInfo.processInfo.environment

    @Test func `E15 whatever is lost, late or doubled, each request is answered once and events arrive once, in order`()
    {
        if let seed = Self.environment["GATEHOUSE_SIM_SEED"].flatMap(UInt64.init) {
            let simulation = PollSimulation(seed: seed)
            print(simulation.story.joined(separator: "\n"))
            #expect(simulation.failures == [])
            return
        }
        let count = Self.environment["GATEHOUSE_SIM_SEEDS"].flatMap(UInt64.init) ?? 1_500
        var counts: [String: Int] = [:]
        for seed in 0..<count {
            let simulation = PollSimulation(seed: seed)
            counts.merge(simulation.counts, uniquingKeysWith: +)
            guard simulation.failures.isEmpty else {
                print("GATEHOUSE_SIM_SEED=\(seed)")
                print(simulation.story.suffix(60).joined(separator: "\n"))
                Issue.record("seed \(seed): \(simulation.failures)")
                return
            }
        }
        guard count >= 1_000 else { return }
        // A simulation in which nothing happens proves nothing.
        for event in [
            "answer", "hold", "outdated", "empty", "replaced", "copies", "lost while open", "answers lost",
            "requests lost",
            "refused and asked again",
        ] {
            #expect(counts[event, default: 0] > 100, "hardly ever happened: \(event)")
        }
    }

    @Test func `a seed tells the same story every time`() {
        #expect(PollSimulation(seed: 5).story == PollSimulation(seed: 5).story)
    }
}
