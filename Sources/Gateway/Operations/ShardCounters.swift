import EngineIO
import HandlerContract

/// What one shard has counted since the start. Plain numbers, because only its loop touches them; summed when somebody
/// asks for the metrics.
struct ShardCounters: Sendable {
    var connectionsAccepted: UInt64 = 0
    var receivedBytes: UInt64 = 0
    var sentBytes: UInt64 = 0
    var slowConsumersClosed: UInt64 = 0
    var parseErrorsHTTP: UInt64 = 0
    var parseErrorsWebSocket: UInt64 = 0
    var parseErrorsEngineIO: UInt64 = 0
    var parseErrorsSocketIO: UInt64 = 0
    var sessionsOpened: UInt64 = 0
    var upgradesCompleted: UInt64 = 0
    var upgradesFailed: UInt64 = 0
    var connectsAccepted: UInt64 = 0
    var connectsRefused: UInt64 = 0
    var connectsInvalid: UInt64 = 0
    var connectsPostponed: UInt64 = 0
    var messagesReceived: UInt64 = 0
    var messagesSent: UInt64 = 0
    var eventsUnmatched: UInt64 = 0
    var actionsFailed: UInt64 = 0
    var fanoutDeliveries: UInt64 = 0
    var outputDroppedVolatile: UInt64 = 0
    /// By status code.
    private(set) var responses: [Int: UInt64] = [:]
    private(set) var sessionsClosed: [CloseReason: UInt64] = [:]
    private(set) var disconnects: [DisconnectReason: UInt64] = [:]

    mutating func countResponse(_ status: Int) { self.responses[status, default: 0] &+= 1 }

    mutating func sessionClosed(_ reason: CloseReason) { self.sessionsClosed[reason, default: 0] &+= 1 }

    mutating func disconnected(_ reason: DisconnectReason) { self.disconnects[reason, default: 0] &+= 1 }
}
