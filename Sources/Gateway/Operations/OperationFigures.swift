import Synchronization

/// What has been done to the process as a whole, for the metrics.
final class OperationFigures: Sendable {
    private let reloadsDone = Atomic<UInt64>(0)
    private let reloadsRefused = Atomic<UInt64>(0)
    private let stalls = Atomic<UInt64>(0)
    private let generations = Atomic<Int>(0)

    func reloaded(_ isDone: Bool) {
        if isDone {
            self.reloadsDone.wrappingAdd(1, ordering: .relaxed)
        } else {
            self.reloadsRefused.wrappingAdd(1, ordering: .relaxed)
        }
    }

    func loopStalled() { self.stalls.wrappingAdd(1, ordering: .relaxed) }

    func generationBegan() { self.generations.wrappingAdd(1, ordering: .relaxed) }
    func generationEnded() { self.generations.wrappingSubtract(1, ordering: .relaxed) }

    struct Snapshot: Sendable {
        var reloads: [(result: String, count: UInt64)] = []
        var stalls: UInt64 = 0
        var droppedLogLines: UInt64 = 0
        /// The number of the configuration in force.
        var generation = 1
        /// Configurations in memory: more than one only while a reload is under way, or something holds an old one.
        var generationsHeld = 1
    }

    func snapshot(generation: Int, droppedLogLines: UInt64) -> Snapshot {
        Snapshot(
            reloads: [
                ("success", self.reloadsDone.load(ordering: .relaxed)),
                ("failure", self.reloadsRefused.load(ordering: .relaxed)),
            ], stalls: self.stalls.load(ordering: .relaxed), droppedLogLines: droppedLogLines, generation: generation,
            generationsHeld: self.generations.load(ordering: .relaxed))
    }
}
