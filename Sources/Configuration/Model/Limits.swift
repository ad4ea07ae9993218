extension GatewayConfiguration {
    /// Bounds that protect the process and its other clients.
    package struct Limits: Hashable, Sendable {
        package var maxConnections: Int
        package var acceptRate: Rate
        package var maxConnectionsPerIP: Int
        /// TLS handshakes under way at the same time.
        package var maxHandshakes: Int
        package var handshakesPerIP: Rate
        package var maxPendingPerIP: Int
        package var messagesPerSocket: Rate
        /// Bytes waiting for one connection above which volatile events are dropped.
        package var outputSoft: Int
        /// Bytes waiting for one connection above which it is closed.
        package var outputHard: Int
        package var maxRoomsPerSocket: Int
        package var memoryBudget: MemoryBudget
    }
}

/// So many per period: `"1000/s"`.
package struct Rate: Hashable, Sendable {
    package var count: Int
    package var period: Duration

    package init(count: Int, period: Duration) {
        self.count = count
        self.period = period
    }
}

/// How much memory the process may use before it sheds load.
package enum MemoryBudget: Hashable, Sendable {
    /// Of what the machine or its control group offers; 1...100.
    case percent(Int)
    case bytes(Int)
}
