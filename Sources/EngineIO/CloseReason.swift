/// Why a session ended, in the words that Socket.IO servers use and applications match on.
package enum CloseReason: String, Hashable, Sendable, CaseIterable {
    /// The client closed, or its connection went away in good order.
    case transportClose = "transport close"
    /// A connection broke, or the client used it in a way that the protocol forbids.
    case transportError = "transport error"
    case pingTimeout = "ping timeout"
    case parseError = "parse error"
    /// Closed by this side while the client is to blame.
    case forcedClose = "forced close"
    /// Closed by this side on purpose.
    case forcedServerClose = "forced server close"
    case serverShuttingDown = "server shutting down"
}
