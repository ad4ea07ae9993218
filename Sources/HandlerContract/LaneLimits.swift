/// The bounds of a ``LaneScheduler``.
package struct LaneLimits: Hashable, Sendable {
    /// Calls in flight over all lanes.
    package var concurrency: Int
    /// Jobs that one lane holds, the one in flight included.
    package var laneCapacity: Int
    /// With so many jobs an owner is paused.
    package var ownerPause: Int
    /// With so few jobs a paused owner may go on.
    ///
    /// The distance keeps it from stopping and going with every job.
    package var ownerResume: Int
    /// How many idle lanes' sequence numbers are remembered at least; the longest idle are forgotten first.
    package var rememberedSequences: Int

    package init(
        concurrency: Int = 64, laneCapacity: Int = 1_000, ownerPause: Int = 64, ownerResume: Int = 32,
        rememberedSequences: Int = 131_072
    ) {
        self.concurrency = max(1, concurrency)
        self.laneCapacity = max(1, laneCapacity)
        self.ownerPause = max(1, ownerPause)
        self.ownerResume = min(max(0, ownerResume), self.ownerPause - 1)
        self.rememberedSequences = max(1, rememberedSequences)
    }
}
