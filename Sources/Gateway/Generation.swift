import Configuration
import HandlerContract
import Logging

/// What one reading of the configuration has made: everything that a reload replaces, built whole and never changed.
///
/// A shard takes a new one over on its loop, so what happens in one turn sees one configuration. Sessions keep the
/// endpoint that they began with until they end.
final class Generation: Sendable {
    /// Counts the configurations that have been in force; the first is 1.
    let number: Int
    let configuration: GatewayConfiguration
    let router: Router
    let handlers: [String: any HandlerService]
    let limits: ConnectionLimits
    /// By the endpoint's place in the configuration; those without `auth.jwt` are missing.
    let authenticators: [Int: Authenticator]
    let clientBundles: [String: ClientBundle]
    /// By the listener's name; those without TLS are missing.
    let tlsListeners: [String: TLSListener]
    /// Request headers that some handler wants to see: all that is kept of a client's.
    let forwardedHeaders: [String]
    private let figures: OperationFigures

    /// Handlers and key sets whose options are as they were go on with all that they know: order, retries, breakers.
    ///
    /// Throws ``StartupError``; then nothing was created that would have to be shut down.
    init(
        _ configuration: GatewayConfiguration, after previous: Generation?, actions: ActionRunner,
        outbox: OutboxService?, figures: OperationFigures,
        version: String, logger: Logger
    ) throws {
        self.figures = figures
        self.number = (previous?.number ?? 0) + 1
        self.configuration = configuration
        self.limits = ConnectionLimits(configuration)
        var tlsListeners: [String: TLSListener] = [:]
        for listener in configuration.listeners {
            guard let tls = listener.tls else { continue }
            tlsListeners[listener.name] = try TLSListener(
                tls, listener: listener.name, after: previous?.tlsListeners[listener.name], logger: logger)
        }
        self.tlsListeners = tlsListeners
        self.authenticators = try Self.authenticators(configuration, after: previous, logger: logger)
        self.clientBundles = ClientBundle.load(configuration, logger: logger)
        var headers: [String] = []
        for case .http(let handler) in configuration.handlers.values { headers += handler.forwardHeaders }
        self.forwardedHeaders = Array(Set(headers)).sorted()
        // Last, because these have to be shut down.
        let kept = previous?.handlers.filter { name, handler in
            configuration.handlers[name] != nil
                && configuration.handlers[name] == previous?.configuration.handlers[name] && !handler.isOutdated
        }
        let handlers: [String: any HandlerService]
        do throws(HandlerSetupError) {
            handlers = try HandlerDirectory(
                configuration.handlers, keeping: kept ?? [:], version: version, logger: logger
            ).services
        } catch {
            throw StartupError("\(error)")
        }
        self.handlers = handlers
        let routes = configuration.routes.map { options in
            var timeout = Duration.seconds(5)
            if let name = options.handler, case .http(let handler)? = configuration.handlers[name] {
                timeout = handler.timeout
            }
            let route = Route(options, handler: options.handler.flatMap { handlers[$0] }, defaultTimeout: timeout)
            return (options.match, route)
        }
        self.router = Router(
            routes, nodeID: configuration.node.id, logger: logger, actions: actions, handlers: Array(handlers.values),
            outbox: outbox)
        figures.generationBegan()
    }

    deinit {
        self.figures.generationEnded()
    }

    private static func authenticators(
        _ configuration: GatewayConfiguration, after previous: Generation?, logger: Logger
    ) throws -> [Int: Authenticator] {
        var authenticators: [Int: Authenticator] = [:]
        for (index, endpoint) in configuration.endpoints.enumerated() {
            guard let auth = endpoint.auth, let jwt = auth.jwt else { continue }
            authenticators[index] =
                try previous?.authenticator(of: endpoint.name, like: jwt, isRequired: auth.required)
                ?? Authenticator(jwt, isRequired: auth.required, endpoint: endpoint.name, logger: logger)
        }
        return authenticators
    }

    /// One that fetches its keys from an issuer and has the same options: without its keys clients would have to wait.
    ///
    /// Keys in files are read again.
    private func authenticator(
        of name: String, like options: GatewayConfiguration.JWT, isRequired: Bool
    ) -> Authenticator? {
        guard let index = self.configuration.endpoints.firstIndex(where: { $0.name == name }),
            let auth = self.configuration.endpoints[index].auth, auth.jwt == options, auth.required == isRequired,
            let authenticator = self.authenticators[index], authenticator.keys.isFetched
        else { return nil }
        return authenticator
    }

    /// The handlers that go on from an earlier one.
    func keptHandlers(of previous: Generation) -> [any HandlerService] {
        self.handlers.compactMap { name, handler in previous.handlers[name] === handler ? handler : nil }
    }

    /// The handlers that only this one uses.
    func handlers(notIn other: Generation) -> [any HandlerService] {
        self.handlers.compactMap { name, handler in other.handlers[name] === handler ? nil : handler }
    }
}

/// The limits of the configuration that are looked at for every connection.
struct ConnectionLimits: Sendable {
    let outputSoft: Int
    let outputHard: Int
    /// What may wait beyond `outputSoft`, bytes.
    var backlog: Int { max(1, self.outputHard - self.outputSoft) }
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
