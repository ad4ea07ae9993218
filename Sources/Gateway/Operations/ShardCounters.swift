/// What one shard has counted since the start, apart from what belongs to an endpoint (``EndpointCounters``) or a
/// namespace (``NamespaceCounters``).
///
/// Plain numbers, because only its loop touches them; summed when somebody asks for the metrics.
struct ShardCounters: Sendable {
    struct Listener: Sendable {
        var accepted: UInt64 = 0
        /// More than `limits.maxConnections`.
        var refusedLimit: UInt64 = 0
    }

    /// By ``ListenerContext/index``.
    var listeners: [Listener]
    var receivedBytes: UInt64 = 0
    var sentBytes: UInt64 = 0
    /// A gauge: what the kernel has not taken yet.
    var outputBuffered = 0
    var slowConsumersClosed: UInt64 = 0
    var parseErrorsHTTP: UInt64 = 0
    var parseErrorsWebSocket: UInt64 = 0
    var parseErrorsEngineIO: UInt64 = 0
    var parseErrorsSocketIO: UInt64 = 0
    var upgradesCompleted: UInt64 = 0
    var upgradesFailed: UInt64 = 0
    /// For namespaces that no endpoint has.
    var connectsInvalid: UInt64 = 0
    var eventsUnmatched: UInt64 = 0
    var actionsFailed: UInt64 = 0
    var outputDroppedVolatile: UInt64 = 0
    var adminKeyFailures: UInt64 = 0
    var adminScopeFailures: UInt64 = 0

    init(listeners: Int) {
        self.listeners = Array(repeating: Listener(), count: listeners)
    }
}
