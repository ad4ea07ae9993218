/// Where a run is, once a second.
package struct LoadProgress: Sendable {
    package enum Phase: String, Sendable { case opening, warmup, measuring, draining }

    package let phase: Phase
    package let elapsed: Duration
    package let ready: Int
    package let wanted: Int
    package let failed: Int
    /// Since the last word.
    package let messagesPerSecond: Double
    package let histogram: LatencyHistogram
}
