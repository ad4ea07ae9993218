import EngineIO
import Foundation
import Testing

/// `GATEHOUSE_SIM_SEEDS` sets how many seeds are tried; `GATEHOUSE_SIM_SEED` runs one of them, with its story.
@Suite struct SimulationTests {
    private static let environment = ProcessInfo.processInfo.environment

    /// Two halves, so that two cores share them.
    @Test(arguments: [0, 1], ProtocolRevision.allCases)
    func `E2 E6 E7 E8 E9 E10 whatever happens, polls are answered once and messages arrive in order`(
        half: UInt64, revision: ProtocolRevision
    ) {
        if let seed = Self.environment["GATEHOUSE_SIM_SEED"].flatMap(UInt64.init) {
            guard seed % 2 == half else { return }
            let simulation = Simulation(seed: seed, revision: revision, isTracing: true)
            print(simulation.trace.joined(separator: "\n"))
            #expect(simulation.failures == [])
            return
        }
        let count = Self.environment["GATEHOUSE_SIM_SEEDS"].flatMap(UInt64.init) ?? 5_000
        var counts: [String: Int] = [:]
        for seed in stride(from: half, to: count, by: 2) {
            let simulation = Simulation(seed: seed, revision: revision)
            counts.merge(simulation.counts, uniquingKeysWith: +)
            guard simulation.failures.isEmpty else {
                print("GATEHOUSE_SIM_SEED=\(seed)")
                print(
                    Simulation(seed: seed, revision: revision, isTracing: true).trace.suffix(60).joined(separator: "\n")
                )
                Issue.record("seed \(seed), \(revision): \(simulation.failures)")
                return
            }
        }
        guard count >= 1_000 else { return }
        // A simulation in which nothing happens proves nothing.
        for event in [
            "alive at the end", "upgrades", "upgrades with a queue", "probes answered", "probes lost", "probes refused",
            "probes too slow", "second WebSockets", "slow noops", "polls lost", "posts lost", "answers lost",
            "refused requests", "closed by the server", "ended by transport close", "ended by transport error",
            "ended by ping timeout", "ended by parse error", "ended by server shutting down",
        ] {
            #expect(counts[event, default: 0] > 0, "never happened: \(event)")
        }
        #expect((counts["pings answered", default: 0] > 0) == (revision == .three))
    }

    @Test func `a seed tells the same story every time`() {
        #expect(Simulation(seed: 5, isTracing: true).trace == Simulation(seed: 5, isTracing: true).trace)
    }
}
