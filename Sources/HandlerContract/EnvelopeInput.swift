import Routing
package import struct NIOCore.ByteBuffer

/// Everything that the body of a request to a handler tells, apart from the attempt that is being made.
package struct EnvelopeInput: Sendable {
    /// The same on every retry: `evt_` and a ULID.
    package var id: String
    package var time: Timestamp
    package var route: String
    package var node: String
    /// Nil for `room.occupied` and `room.vacated`.
    package var socket: SocketDetails?
    package var content: Content

    package init(
        id: String, time: Timestamp, route: String, node: String, socket: SocketDetails?, content: Content
    ) {
        self.id = id
        self.time = time
        self.route = route
        self.node = node
        self.socket = socket
        self.content = content
    }

    /// What happened, with the parts that belong to that type of event only.
    package enum Content: Sendable {
        case connect(Connect)
        case connected
        /// `arguments` are comma-separated JSON values, kept byte for byte; `attachments` fill their placeholders.
        case event(name: String, arguments: [UInt8], attachments: [ByteBuffer], wantsAck: Bool)
        case message(MessageValue)
        case disconnected(reason: DisconnectReason, duration: Duration)
        /// `expiresAt`: seconds since 1970 at which the socket's authorization ends.
        case refresh(expiresAt: Int?, claims: [UInt8]?)
        case roomOccupied(namespace: String, room: String)
        case roomVacated(namespace: String, room: String)
        /// What was put into words when it happened, and has been stored since then.
        case stored(EventType, Envelope)
    }

    /// What a client sent in order to connect.
    package struct Connect: Sendable {
        /// The payload of its CONNECT packet, a JSON value.
        ///
        /// Untrusted.
        package var auth: [UInt8]?
        /// Decoded, in order; of a name that comes twice, handlers see the last value.
        package var query: [(name: String, value: String)]
        package var origin: String?
        /// The claims of a verified JWT, a JSON object.
        package var claims: [UInt8]?

        package init(
            auth: [UInt8]? = nil, query: [(name: String, value: String)] = [], origin: String? = nil,
            claims: [UInt8]? = nil
        ) {
            self.auth = auth
            self.query = query
            self.origin = origin
            self.claims = claims
        }
    }

    /// The name of what happened.
    package var type: EventType {
        switch content {
        case .connect: .connect
        case .connected: .connected
        case .event: .event
        case .message: .message
        case .disconnected: .disconnected
        case .refresh: .refresh
        case .roomOccupied: .roomOccupied
        case .roomVacated: .roomVacated
        case .stored(let type, _): type
        }
    }
}

/// The socket that an event is about, as it was when the event came.
package struct SocketDetails: Sendable {
    package var id: String
    /// Names the session without giving its `sid` away: `c_` and a ULID.
    package var session: String
    package var namespace: String
    /// How the client speaks, such as `socket.io` or `sse`.
    package var clientProtocol: String
    /// `websocket` or `polling`, or nil where the protocol has one only.
    package var transport: String?
    package var user: String?
    package var rooms: [String]
    /// By key, each a JSON value.
    package var state: [(key: String, json: [UInt8])]
    package var connectedAt: Timestamp
    package var isRecovered: Bool
    package var remoteAddress: String
    package var isTLS: Bool
    /// The names in the client's certificate, a JSON object.
    package var certificate: [UInt8]?
    /// Only what the handler's `forwardHeaders` allows.
    package var headers: [(name: String, value: String)]

    package init(
        id: String, session: String, namespace: String, clientProtocol: String = "socket.io", transport: String?,
        user: String? = nil, rooms: [String] = [], state: [(key: String, json: [UInt8])] = [],
        connectedAt: Timestamp, isRecovered: Bool = false, remoteAddress: String, isTLS: Bool,
        certificate: [UInt8]? = nil, headers: [(name: String, value: String)] = []
    ) {
        self.id = id
        self.session = session
        self.namespace = namespace
        self.clientProtocol = clientProtocol
        self.transport = transport
        self.user = user
        self.rooms = rooms
        self.state = state
        self.connectedAt = connectedAt
        self.isRecovered = isRecovered
        self.remoteAddress = remoteAddress
        self.isTLS = isTLS
        self.certificate = certificate
        self.headers = headers
    }
}
