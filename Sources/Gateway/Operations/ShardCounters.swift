import Identity
import OpenSSLTLS

/// What one shard has counted since the start, apart from what belongs to an endpoint (``EndpointCounters``) or a
/// namespace (``NamespaceCounters``).
///
/// Plain numbers, because only its loop touches them; summed when somebody asks for the metrics.
struct ShardCounters: Sendable {
    struct Listener: Sendable {
        var accepted: UInt64 = 0
        var refused: [Admission.Refusal: UInt64] = [:]
        /// No PROXY header from a peer that has to send one, or one from a peer that may not.
        var refusedProxy: UInt64 = 0
        /// By ``OpenSSLTLS/TLSError/label``.
        var tlsErrors: [String: UInt64] = [:]
    }

    struct TLSHandshakeKind: Hashable, Sendable {
        var version: String
        var isResumed: Bool
    }

    var tlsHandshakes: [TLSHandshakeKind: UInt64] = [:]
    /// Steps of handshakes that had to wait for other connections' turn.
    var tlsHandshakesDelayed: UInt64 = 0
    var rateLimited: UInt64 = 0
    /// Requests of the admin API that came while this shard was behind with deliveries.
    var publicationsRefused: UInt64 = 0

    /// By ``ListenerContext/index``.
    var listeners: [Listener] = []
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
    /// Volatile ones, for want of memory.
    var outputDroppedMemory: UInt64 = 0
    /// By `slowConsumer`: the oldest ones that waited.
    var outputDroppedOldest: UInt64 = 0
    /// By `slowConsumer`: those that a newer one of the same name and room took the place of.
    var outputDroppedSuperseded: UInt64 = 0
    /// Events and acks of plain clients that would be too large with their attachments put in.
    var outputDroppedSize: UInt64 = 0
    private(set) var authFailures: [TokenError: UInt64] = [:]
    var adminKeyFailures: UInt64 = 0
    var adminScopeFailures: UInt64 = 0

    /// Why an event was not sent to a receiver: the label `reason` of `gatehouse_output_dropped_total`.
    enum OutputDrop { case volatile, memory, oldest, superseded, size }

    mutating func dropped(_ reason: OutputDrop, count: Int = 1) {
        switch reason {
        case .volatile: self.outputDroppedVolatile &+= UInt64(count)
        case .memory: self.outputDroppedMemory &+= UInt64(count)
        case .oldest: self.outputDroppedOldest &+= UInt64(count)
        case .superseded: self.outputDroppedSuperseded &+= UInt64(count)
        case .size: self.outputDroppedSize &+= UInt64(count)
        }
    }

    mutating func authFailed(_ error: TokenError) { self.authFailures[error, default: 0] &+= 1 }

    mutating func tlsHandshake(_ handshake: TLSHandshake) {
        let kind = TLSHandshakeKind(version: handshake.version.rawValue, isResumed: handshake.isResumed)
        self.tlsHandshakes[kind, default: 0] &+= 1
    }

    mutating func tlsFailed(_ error: TLSError, listener: ListenerContext) {
        guard listener.index < self.listeners.count else { return }
        self.listeners[listener.index].tlsErrors[error.label, default: 0] &+= 1
    }

    /// There are so many listeners now; their number only grows.
    mutating func count(listeners: Int) {
        while self.listeners.count < listeners { self.listeners.append(Listener()) }
    }
}
