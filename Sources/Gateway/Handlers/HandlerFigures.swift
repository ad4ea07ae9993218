import HandlerContract

/// Counts what became of the events of one handler.
///
/// Routes come from the configuration, so the tables are bounded.
struct HandlerFigures: Sendable {
    private struct Key: Hashable {
        var route: String
        var outcome: String
    }

    private struct Histogram {
        /// One per bound, and one for everything above the last.
        var counts = [Int](repeating: 0, count: HandlerStatistics.buckets.count + 1)
        var seconds = 0.0
    }

    private var requests: [Key: Int] = [:]
    private var durations: [String: Histogram] = [:]
    private(set) var retries = 0
    private(set) var certificateRefusals = 0

    mutating func count(route: String, outcome: Outcome) {
        requests[Key(route: route, outcome: outcome.label), default: 0] += 1
    }

    /// A call has ended, well or badly, after so long.
    mutating func observe(route: String, duration: Duration) {
        let seconds = duration / .seconds(1)
        let index = HandlerStatistics.buckets.firstIndex { seconds <= $0 } ?? HandlerStatistics.buckets.count
        durations[route, default: Histogram()].counts[index] += 1
        durations[route, default: Histogram()].seconds += seconds
    }

    mutating func countRetry() { retries += 1 }

    mutating func countCertificateRefusal() { certificateRefusals += 1 }

    /// The tables in a stable order, the rest of the statistics left for the caller.
    func statistics() -> HandlerStatistics {
        var statistics = HandlerStatistics()
        statistics.retries = retries
        statistics.certificateRefusals = certificateRefusals
        statistics.requests = requests.map { ($0.key.route, $0.key.outcome, $0.value) }
            .sorted { ($0.0, $0.1) < ($1.0, $1.1) }
        statistics.durations = durations.sorted { $0.key < $1.key }.map { route, histogram in
            var total = 0
            let cumulated = histogram.counts.map { count in
                total += count
                return total
            }
            return (route, Array(cumulated.dropLast()), total, histogram.seconds)
        }
        return statistics
    }
}
