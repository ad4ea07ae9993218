import Configuration
import HandlerContract
import Logging
import Synchronization

/// What all shards share: built once from the configuration, never changed but for a few flags.
final class GatewayCore: Sendable {
    let configuration: GatewayConfiguration
    let shards: [ShardHandle]
    let namespaces: NamespaceRegistry
    let router: Router
    let actions: ActionRunner
    let handlers: [String: any HandlerService]
    /// Who may come back to which session.
    let sessions: SessionDirectory
    let limits: ConnectionLimits
    let admission: Admission
    /// By the endpoint's place in the configuration; those without `auth.jwt` are missing.
    let authenticators: [Int: Authenticator]
    let clientBundles: [String: ClientBundle]
    /// By the listener's place in the configuration; those without TLS are missing.
    let tlsListeners: [Int: TLSListener]
    /// Request headers that some handler wants to see: all that is kept of a client's.
    let forwardedHeaders: [String]
    let logger: Logger
    let version: String
    let startedAtMilliseconds: Int64

    private let drainFlag = Atomic(false)
    private let readyFlag = Atomic(false)

    init(
        _ configuration: GatewayConfiguration, shards: [ShardHandle], handlers: [String: any HandlerService],
        version: String, logger: Logger
    ) throws {
        self.version = version
        var tlsListeners: [Int: TLSListener] = [:]
        for (index, listener) in configuration.listeners.enumerated() {
            guard let tls = listener.tls else { continue }
            tlsListeners[index] = try TLSListener(tls, listener: listener.name, logger: logger)
        }
        self.tlsListeners = tlsListeners
        var authenticators: [Int: Authenticator] = [:]
        for (index, endpoint) in configuration.endpoints.enumerated() {
            guard let auth = endpoint.auth, let jwt = auth.jwt else { continue }
            authenticators[index] = try Authenticator(
                jwt, isRequired: auth.required, endpoint: endpoint.name, logger: logger)
        }
        self.authenticators = authenticators
        self.configuration = configuration
        self.shards = shards
        self.handlers = handlers
        self.logger = logger
        self.startedAtMilliseconds = WallClock.milliseconds()
        self.limits = ConnectionLimits(configuration)
        self.admission = Admission(configuration.limits, now: .now)
        self.namespaces = NamespaceRegistry(
            shards: shards, labels: configuration.namespaceLabels, logs: NamespaceLogs(configuration))
        self.sessions = SessionDirectory(
            maxAbsent: configuration.limits.maxConnections, maxBytes: configuration.history.maxBytes)
        self.actions = ActionRunner(namespaces: self.namespaces, handlers: Array(handlers.values))
        let routes = configuration.routes.map { options in
            var timeout = Duration.seconds(5)
            if let name = options.handler, case .http(let handler)? = configuration.handlers[name] {
                timeout = handler.timeout
            }
            let route = Route(options, handler: options.handler.flatMap { handlers[$0] }, defaultTimeout: timeout)
            return (options.match, route)
        }
        self.router = Router(routes, nodeID: configuration.node.id, logger: logger, actions: self.actions)
        self.clientBundles = ClientBundle.load(configuration, logger: logger)
        var headers: [String] = []
        for case .http(let handler) in configuration.handlers.values { headers += handler.forwardHeaders }
        self.forwardedHeaders = Array(Set(headers)).sorted()
        // Those that have a name exist from the start, so that the admin API can speak of them.
        for endpoint in configuration.endpoints {
            for rule in endpoint.namespaces {
                guard case .name(let name) = rule.names else { continue }
                // Held for good.
                _ = self.namespaces.resolve(name, rules: [.name(name)])
            }
        }
    }

    private let sessionCount = Atomic(0)

    /// Counts a session of any shard; a polling one has no connection of its own that would be counted.
    ///
    /// Returns `false`, and does not count it, when there are as many as connections may be.
    func sessionOpened() -> Bool {
        if self.sessionCount.wrappingAdd(1, ordering: .relaxed).newValue <= self.configuration.limits.maxConnections {
            return true
        }
        self.sessionClosed()
        return false
    }

    func sessionClosed() {
        self.sessionCount.wrappingSubtract(1, ordering: .relaxed)
    }

    /// No new sessions; the rest is being finished.
    var isDraining: Bool {
        get { self.drainFlag.load(ordering: .relaxed) }
        set { self.drainFlag.store(newValue, ordering: .relaxed) }
    }

    /// Whether a client that goes now may find its session when it comes back.
    var keepsSessions: Bool { !self.isDraining || self.configuration.history.checkpoint != nil }

    private let descriptorFlag = Atomic(false)

    /// No connection could be accepted a moment ago, for want of descriptors.
    var isOutOfDescriptors: Bool {
        get { self.descriptorFlag.load(ordering: .relaxed) }
        set { self.descriptorFlag.store(newValue, ordering: .relaxed) }
    }

    /// The listeners are bound.
    var isStarted: Bool {
        get { self.readyFlag.load(ordering: .relaxed) }
        set { self.readyFlag.store(newValue, ordering: .relaxed) }
    }
}

/// The limits of the configuration that are looked at for every connection.
struct ConnectionLimits: Sendable {
    let outputSoft: Int
    let outputHard: Int
    let maxRoomsPerSocket: Int
    let messagesPerSecond: Double
    let header: Duration
    let handshake: Duration
    let writeProgress: Duration

    init(_ configuration: GatewayConfiguration) {
        self.outputSoft = configuration.limits.outputSoft
        self.outputHard = configuration.limits.outputHard
        self.maxRoomsPerSocket = configuration.limits.maxRoomsPerSocket
        let rate = configuration.limits.messagesPerSocket
        self.messagesPerSecond = Double(rate.count) / max(rate.period / .seconds(1), 0.001)
        self.header = configuration.timeouts.header
        self.handshake = configuration.timeouts.handshake
        self.writeProgress = configuration.timeouts.writeProgress
    }
}
