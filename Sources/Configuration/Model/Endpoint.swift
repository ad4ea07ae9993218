package import Routing

extension GatewayConfiguration {
    /// What a path on the public listeners speaks.
    package enum EndpointProtocol: String, Hashable, Sendable, CaseIterable {
        case socketIO = "socket.io"
        /// Engine.IO without Socket.IO on it: raw messages.
        case engineIO = "engine.io"
        case websocket, sse, longpoll
        case `static`
    }

    /// A path on the public listeners, and how it behaves.
    ///
    /// One struct for all protocols; the options of another protocol are at their defaults and mean nothing.
    package struct Endpoint: Sendable {
        package enum Transport: String, Hashable, Sendable, CaseIterable { case polling, websocket }
        package enum Format: String, Hashable, Sendable, CaseIterable { case json }
        package enum SlowConsumer: String, Hashable, Sendable, CaseIterable { case close, dropOldest, latest }

        /// Label in logs and metrics; the path unless named.
        package var name: String
        /// Begins with `/`, and ends with it for Engine.IO with `addTrailingSlash`.
        package var path: String
        package var `protocol`: EndpointProtocol

        // MARK: socket.io and engine.io

        package var transports: Set<Transport>
        package var pingInterval: Duration
        package var pingTimeout: Duration
        package var upgradeTimeout: Duration
        package var connectTimeout: Duration
        /// Bytes of one message or POST body; advertised as `maxPayload`.
        package var maxHttpBufferSize: Int
        package var allowUpgrades: Bool
        package var allowEIO3: Bool
        package var addTrailingSlash: Bool
        /// Compression of WebSocket messages; nil: none.
        package var perMessageDeflate: PerMessageDeflate?
        /// Smallest body, in bytes, that a polling answer compresses; nil: never.
        package var httpCompression: Int?
        package var cookie: Cookie?
        package var cors: CORS?
        package var cleanupEmptyChildNamespaces: Bool
        package var maxAttachments: Int
        /// File of the client bundle to serve beside the path.
        package var serveClient: String?
        /// `connectionStateRecovery.maxDisconnectionDuration`: how long a client may be away and still get what it
        /// missed; nil: no recovery.
        package var recoveryWindow: Duration?
        /// Of a client that names none (every protocol but socket.io): one, by name.
        package var namespaces: [NamespaceRule]
        package var auth: Auth?
        package var slowConsumer: SlowConsumer

        // MARK: websocket, sse and longpoll

        /// What WebSocket messages are; nil: raw messages without a name.
        package var format: Format?
        /// Bytes of one message of a client.
        package var maxMessageSize: Int
        /// Fragments of one message, unless they are large.
        package var maxFragments: Int
        /// How long a request of a long-polling client waits.
        package var maxWait: Duration
        /// How long a long-polling client may leave without a request.
        package var pollTimeout: Duration
        /// Best first.
        package var subprotocols: [String]

        // MARK: static

        /// Absolute directory whose files are served; empty for every other protocol.
        package var directory: String
    }

    /// Which namespaces exist: one by name, or those that a pattern describes.
    package struct NamespaceRule: Sendable {
        package enum Names: Sendable {
            case name(String)
            /// Created on the first CONNECT, as text (`/tenant-{id}`) and compiled.
            case pattern(String, NamespacePattern)
        }

        package var names: Names
        /// Namespaces that a pattern may create at the same time.
        package var max: Int
        /// Reports `room.occupied` and `room.vacated`.
        package var presence: Bool
    }

    /// What a socket needs to be let in, and what it gets.
    package struct Auth: Sendable {
        /// Whether a socket without a valid token is refused.
        ///
        /// Of no effect without a token scheme.
        package var required: Bool
        package var jwt: JWT?
        /// Which name in a client certificate is the user.
        package var certificate: CertificateName?
        /// How long before the end of a socket's authorization `socket.refresh` is sent.
        package var refreshBefore: Duration = .seconds(30)
        /// Rooms that every accepted socket joins; templates over the CONNECT.
        package var rooms: [Template]
    }

    /// A name in a client certificate; of those that may come several times, the only one.
    package enum CertificateName: String, Hashable, Sendable, CaseIterable { case commonName, subject, dns, email, uri }

    /// Tokens that the gateway verifies itself.
    package struct JWT: Hashable, Sendable {
        package enum Source: Hashable, Sendable {
            case secret(Secret)
            /// PEM file.
            case publicKey(String)
            /// URL or file of a key set (RFC 7517).
            case jwks(String)
        }

        package var source: Source
        /// As JOSE names them, such as `RS256`.
        package var algorithms: [String]
        package var audience: String?
        package var issuer: String?
        /// Cookie that may carry the token.
        package var cookie: String?
        /// Query parameter that may carry the token.
        package var query: String?
    }

    /// What is offered and asked of compressed WebSocket messages (RFC 7692).
    ///
    /// Socket.IO server option `perMessageDeflate`.
    package struct PerMessageDeflate: Hashable, Sendable {
        /// Smallest message, in bytes, that is compressed.
        package var threshold: Int
        package var serverNoContextTakeover: Bool
        package var clientNoContextTakeover: Bool
        /// 8 to 15.
        package var serverMaxWindowBits: Int
        /// 8 to 15.
        package var clientMaxWindowBits: Int
    }

    /// The affinity cookie of a polling handshake.
    ///
    /// Socket.IO server option `cookie`.
    package struct Cookie: Hashable, Sendable {
        package enum SameSite: String, Hashable, Sendable, CaseIterable { case strict, lax, none }

        package var name: String
        package var path: String
        package var domain: String?
        package var httpOnly: Bool
        package var secure: Bool
        package var sameSite: SameSite
        /// Nil: until the browser closes.
        package var maxAge: Duration?
    }

    /// Cross-origin answers of the polling transport.
    ///
    /// Socket.IO server option `cors`.
    package struct CORS: Hashable, Sendable {
        package enum Origins: Hashable, Sendable {
            case any
            case list([String])
        }

        package var origins: Origins
        package var methods: [String]
        /// Nil: whatever the preflight asks for.
        package var allowedHeaders: [String]?
        package var exposedHeaders: [String]
        package var credentials: Bool
        package var maxAge: Duration?
        /// Status of the answer to a preflight.
        package var optionsSuccessStatus: Int
    }
}
