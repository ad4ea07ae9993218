import EngineIO
import HTTP1
import HandlerContract

/// What one shard has counted of one endpoint.
///
/// Plain numbers: only the shard's loop touches them.
final class EndpointCounters {
    /// The label `transport` of sessions.
    enum SessionTransport: String { case polling, websocket, sse }

    /// A gauge: sessions that are open, by transport.
    private var sessionsPolling = 0
    private var sessionsWebSocket = 0
    private var sessionsEventStream = 0
    var textReceived: UInt64 = 0
    var binaryReceived: UInt64 = 0
    var textSent: UInt64 = 0
    var binarySent: UInt64 = 0
    private var closed = [UInt64](repeating: 0, count: CloseReason.allCases.count)
    /// Requests that were answered with 200, as nearly all are, by the number of their method.
    private var succeeded = [UInt64](repeating: 0, count: 8)
    /// All others, by eight times the status and the number of the method.
    private var requests: [Int: UInt64] = [:]

    func sessionOpened(_ transport: SessionTransport) { self.add(1, transport) }

    func sessionUpgraded() {
        self.add(-1, .polling)
        self.add(1, .websocket)
    }

    func sessionClosed(_ transport: SessionTransport, _ reason: CloseReason) {
        self.add(-1, transport)
        self.closed[reason.number] &+= 1
    }

    private func add(_ count: Int, _ transport: SessionTransport) {
        switch transport {
        case .polling: self.sessionsPolling += count
        case .websocket: self.sessionsWebSocket += count
        case .sse: self.sessionsEventStream += count
        }
    }

    func messagesSent(_ count: Int, isBinary: Bool) {
        if isBinary { self.binarySent &+= UInt64(count) } else { self.textSent &+= UInt64(count) }
    }

    func messageSent(isBinary: Bool) {
        if isBinary { self.binarySent &+= 1 } else { self.textSent &+= 1 }
    }

    func countRequest(_ method: HTTP1.Method?, status: Int) {
        let number = Self.number(method)
        guard status != 200 else { return self.succeeded[number] &+= 1 }
        self.requests[status &* 8 &+ number, default: 0] &+= 1
    }

    /// Methods that nobody registered are one: a client can make up any.
    private static let methods = ["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH", "other"]

    private static func number(_ method: HTTP1.Method?) -> Int {
        switch method {
        case .get: 0
        case .post: 1
        case .put: 2
        case .delete: 3
        case .options: 4
        case .head: 5
        case .patch: 6
        case .other, nil: 7
        }
    }

    /// A copy that may leave the loop.
    var snapshot: Snapshot {
        Snapshot(
            sessions: [
                ("polling", self.sessionsPolling), ("websocket", self.sessionsWebSocket),
                ("sse", self.sessionsEventStream),
            ],
            received: [("binary", self.binaryReceived), ("text", self.textReceived)],
            sent: [("binary", self.binarySent), ("text", self.textSent)],
            closed: CloseReason.allCases.map { ($0.label, self.closed[$0.number]) },
            requests: zip(Self.methods, self.succeeded).filter { $0.1 > 0 }.map { ($0.0, 200, $0.1) }
                + self.requests.map { (Self.methods[$0.key & 7], $0.key >> 3, $0.value) })
    }

    struct Snapshot: Sendable {
        var sessions: [(transport: String, count: Int)]
        var received: [(type: String, count: UInt64)]
        var sent: [(type: String, count: UInt64)]
        var closed: [(reason: String, count: UInt64)]
        var requests: [(method: String, code: Int, count: UInt64)]
    }
}

/// What one shard has counted of one namespace, or of all that one pattern describes.
final class NamespaceCounters {
    var connectsAccepted: UInt64 = 0
    var connectsRefused: UInt64 = 0
    var connectsPostponed: UInt64 = 0
    var fanoutDeliveries: UInt64 = 0
    private var disconnects = [UInt64](repeating: 0, count: DisconnectReason.allCases.count)

    private var recoveries = [RecoveryResult: UInt64]()

    func recovery(_ result: RecoveryResult) { self.recoveries[result, default: 0] &+= 1 }

    func disconnected(_ reason: DisconnectReason) { self.disconnects[reason.number] &+= 1 }

    var snapshot: Snapshot {
        Snapshot(
            connects: [
                ("accepted", self.connectsAccepted), ("refused", self.connectsRefused),
                ("postponed", self.connectsPostponed),
            ],
            disconnects: DisconnectReason.allCases.map { ($0.rawValue, self.disconnects[$0.number]) },
            recoveries: RecoveryResult.allCases.map { ($0.rawValue, self.recoveries[$0] ?? 0) },
            fanoutDeliveries: self.fanoutDeliveries)
    }

    struct Snapshot: Sendable {
        var connects: [(result: String, count: UInt64)]
        var disconnects: [(reason: String, count: UInt64)]
        var recoveries: [(result: String, count: UInt64)]
        var fanoutDeliveries: UInt64
    }
}

extension EndpointCounters.SessionTransport {
    init(_ transport: Transport) {
        switch transport {
        case .polling: self = .polling
        case .websocket: self = .websocket
        }
    }
}

extension CloseReason {
    fileprivate var number: Int {
        switch self {
        case .transportClose: 0
        case .transportError: 1
        case .pingTimeout: 2
        case .parseError: 3
        case .forcedClose: 4
        case .forcedServerClose: 5
        case .serverShuttingDown: 6
        }
    }

    /// As a label: one word.
    fileprivate var label: String { self.rawValue.replacing(" ", with: "_") }
}

extension DisconnectReason {
    fileprivate var number: Int {
        switch self {
        case .client: 0
        case .transportClose: 1
        case .transportError: 2
        case .pingTimeout: 3
        case .server: 4
        case .slow: 5
        case .tokenExpired: 6
        case .drain: 7
        case .nodeLost: 8
        case .parseError: 9
        case .rateLimited: 10
        }
    }
}
