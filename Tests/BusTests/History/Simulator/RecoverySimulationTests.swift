import Testing

@testable import Bus

/// Random publishes, joins, disconnects, come-backs and prunes, against a naive account of who should have got what.
///
/// A failure names its seed; `RecoverySimulation(seed:limits:)` replays it.
@Suite struct RecoverySimulationTests {
    @Test func `who is told that it recovered has everything once and in order`() {
        var tally = RecoverySimulation.Tally()
        for seed in 1...1_500 as ClosedRange<UInt64> {
            var simulation = RecoverySimulation(
                seed: seed,
                limits: .wide.with {
                    $0.maxEntries = 20; $0.maxReplay = 8
                })
            simulation.run(steps: 80)
            #expect(simulation.failure == nil, "seed \(seed): \(simulation.failure ?? "")")
            if simulation.failure != nil { return }
            tally.add(simulation.tally)
        }
        // All that can happen did happen, or nothing was shown.
        #expect(tally.recovered > 1_000 && tally.replayed > 1_000 && tally.tookOver > 100 && tally.askedAgain > 50)
        for refusal in RecoveryRefusal.allCases { #expect((tally.refused[refusal] ?? 0) > 10, "\(refusal)") }
    }

    @Test func `with a log that forgets nothing only who was sent away or made something up is refused`() {
        for seed in 1...500 as ClosedRange<UInt64> {
            var simulation = RecoverySimulation(seed: seed, limits: .wide)
            simulation.run(steps: 80)
            #expect(simulation.failure == nil, "seed \(seed): \(simulation.failure ?? "")")
            #expect(Set(simulation.tally.refused.keys).isSubset(of: [.invalidOffset, .ended]), "seed \(seed)")
        }
    }
}
