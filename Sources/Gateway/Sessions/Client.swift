import EngineIO
import Identity
import Routing
import NIOCore

/// The peer behind one or more sockets, whatever protocol it speaks.
///
/// Lives on its shard's loop.
///
/// A base class and not a protocol: its methods are called once per delivery, and a class method costs a tenth of a call
/// through an existential.
class Client {
    let shard: Shard
    let endpointName: String
    let handshake: ClientHandshake
    /// Names the client to handlers, without giving its sid away.
    let publicID: String

    init(shard: Shard, endpointName: String, handshake: ClientHandshake, publicID: String? = nil) {
        self.shard = shard
        self.endpointName = endpointName
        self.handshake = handshake
        self.publicID = publicID ?? shard.nextULID().sessionID
    }

    /// The protocol's name in envelopes: `socket.io`, `engine.io`, `websocket`, `sse`, `longpoll`.
    var protocolName: String { fatalError("a client has a protocol") }
    /// The transport's name at the moment: `polling`, `websocket`, `sse`.
    var transportName: String { fatalError("a client has a transport") }
    /// `cleanupEmptyChildNamespaces`: a namespace opened by a pattern goes with its last socket.
    var forgetsEmptyNamespaces: Bool { false }

    /// Whether it can be asked for an ack; others are passed over by requests.
    var acknowledges: Bool { false }

    /// Its sockets in all namespaces.
    var connectedSockets: [Socket] { [] }

    /// An event or a message for one of the client's sockets; a client whose dialect has no words for it ignores it.
    func deliver(_ broadcast: Broadcast, _ form: inout SharedForm, to socket: Socket) {}

    /// A message for one of the client's sockets that nobody else gets, at once.
    ///
    /// Returns `false`, and does nothing, when it has to come as a ``Broadcast`` instead.
    func send(_ message: MessageValue, to socket: Socket) -> Bool { false }

    /// A way to put what a room gets where ``deliver(_:_:to:)`` would have put it just now.
    ///
    /// `nil` when that does more than write one message to a WebSocket. Whoever offers closes the connection's row for it
    /// (``Connection/setTakesBroadcasts(_:)``) when that changes.
    func offerLane(for socket: Socket) -> LaneOffer? { nil }

    /// The client's ack callback is called with these arguments (comma-separated JSON).
    func acknowledge(_ id: UInt64, _ arguments: ByteBuffer, attachments: [ByteBuffer], socket: Socket) {}

    /// The socket leaves its namespace by our will; `closesTransport` ends the whole connection too.
    func disconnect(_ socket: Socket, closesTransport: Bool) {}

    /// The transport is closed without a word, so that the client comes back by itself.
    func kick(reason: String?) {}

    /// The socket has fewer events waiting for handlers than ``HandlerBackpressure/resume``.
    func resumeReading() {}

    /// Nothing more is to be read from the client until ``resumeReading()``.
    func pauseReading() {}

    /// What was decided of a socket that waits to be let in.
    func connectDecided(_ socket: Socket, _ decision: ConnectDecision) {}

    /// It is known who a socket is: the session that its client claims may be looked at.
    func considerClaim(of socket: Socket) {}

    /// Gives a socket that has been let in the session that its client claims, if that can go on.
    ///
    /// `done` is called on the loop, now or later; not at all when the client is gone meanwhile.
    func takeOver(_ socket: Socket, _ claim: RecoveryClaim, _ done: @escaping (TakeOver) -> Void) { done(.beginsAnew) }

    /// Finds out what a socket has missed whose client says what it has seen, and then calls `admit` to let it in.
    ///
    /// `rooms` are those that it will be in. `admit` is called on the loop, now or later; not at all when the client is
    /// gone meanwhile.
    func resume(_ socket: Socket, in rooms: () -> [String], _ admit: @escaping () -> Void) { admit() }

    /// Its socket is in the room for what comes after `position` in the order of its namespace.
    func joined(_ room: String, at position: UInt64) {}

    /// What comes after `position` in that room is not for its socket any more.
    func left(_ room: String, at position: UInt64) {}

    /// An event that is logged at `position` is for its socket by the socket's id.
    func named(at position: UInt64) {}

    // MARK: - Events that wait for handlers

    private var handlerBacklog = 0
    private(set) var isReadingPaused = false

    /// An event of the client is on its way to a handler.
    ///
    /// `cost`: see ``HandlerBackpressure/cost(bytes:)``; the same is given to ``handlerEnded(cost:)``.
    func handlerBegan(cost: Int) {
        self.handlerBacklog += cost
        guard self.handlerBacklog >= HandlerBackpressure.pause, !self.isReadingPaused else { return }
        self.isReadingPaused = true
        self.pauseReading()
    }

    /// How long a client is not read that publishes faster than some shard can deliver.
    static let congestionPause: Duration = .milliseconds(10)
    private var isThrottled = false

    /// The client is not read for a moment, which TCP tells it.
    func throttle(for pause: Duration) {
        guard !self.isThrottled else { return }
        self.isThrottled = true
        self.handlerBegan(cost: HandlerBackpressure.pause)
        let bound = NIOLoopBound(self, eventLoop: self.shard.loop)
        self.shard.loop.scheduleTask(in: TimeAmount(pause)) {
            bound.value.isThrottled = false
            bound.value.handlerEnded(cost: HandlerBackpressure.pause)
        }
    }

    private var awaitsArrivals = false

    /// The client is not read until its loop has got to what has been published so far.
    func awaitArrivals() {
        guard !self.awaitsArrivals else { return }
        self.awaitsArrivals = true
        self.handlerBegan(cost: HandlerBackpressure.pause)
        self.shard.afterArrivals {
            self.awaitsArrivals = false
            self.handlerEnded(cost: HandlerBackpressure.pause)
        }
    }

    /// A handler is through with an event of the client.
    func handlerEnded(cost: Int) {
        self.handlerBacklog -= cost
        guard self.handlerBacklog <= HandlerBackpressure.resume, self.isReadingPaused else { return }
        self.isReadingPaused = false
        self.resumeReading()
    }
}

/// What is decided of a client that wants to enter a namespace.
enum ConnectDecision: Sendable {
    case accept
    /// The client is told and stays away for good.
    case refuse(message: String, data: [UInt8]?)
    /// The transport is closed, so that the client tries again by itself.
    case tryLater
}

/// What a client said when it came: kept as long as it is connected, so only what something later needs.
final class ClientHandshake: Sendable {
    let remoteIP: String
    let isTLS: Bool
    let origin: String?
    /// Parameters of the query that are the application's, not the protocol's.
    let query: [(name: String, value: String)]
    /// The headers that some handler's `forwardHeaders` names.
    let headers: [(name: String, value: String)]
    let connectedAtMilliseconds: Int64
    /// A token that came with the request, for clients that send none with CONNECT.
    ///
    /// Never logged.
    let token: Result<TokenSource.Found?, TokenError>
    /// Counts the client for its address, as long as it is connected.
    let hold: SessionHold?
    /// What the client showed when it connected by TLS.
    let certificate: ClientCertificate?

    /// Bytes of names and values in ``query`` that are kept, as long as the client is connected.
    static let maxQueryBytes = 2_048

    init(
        remoteIP: String, isTLS: Bool, origin: String?, query: [(name: String, value: String)],
        headers: [(name: String, value: String)], token: Result<TokenSource.Found?, TokenError>,
        hold: SessionHold? = nil, certificate: ClientCertificate? = nil, connectedAtMilliseconds: Int64
    ) {
        self.hold = hold
        self.certificate = certificate
        self.remoteIP = remoteIP
        self.isTLS = isTLS
        self.origin = origin
        self.query = query
        self.headers = headers
        self.token = token
        self.connectedAtMilliseconds = connectedAtMilliseconds
    }
}
