import Configuration
import Logging

/// All backends of the configuration, by name.
struct HandlerDirectory: Sendable {
    let services: [String: any HandlerService]

    /// Checks all of them before the first is created, so that a mistake leaves nothing behind.
    ///
    /// - Parameter kept: those that are running already, with the options that they have here.
    init(
        _ handlers: [String: GatewayConfiguration.Handler], keeping kept: [String: any HandlerService] = [:],
        version: String, logger: Logger
    ) throws(HandlerSetupError) {
        var setups: [HTTPHandlerSetup] = []
        for (name, handler) in handlers.sorted(by: { $0.key < $1.key }) where kept[name] == nil {
            switch handler {
            case .http(let options):
                setups.append(try HTTPHandlerSetup(name: name, options: options, version: version))
            }
        }
        var services = kept
        for setup in setups { services[setup.name] = HTTPHandlerService(setup, logger: logger) }
        self.services = services
    }

    subscript(name: String) -> (any HandlerService)? { services[name] }

    /// Shuts all of them down at the same time.
    func shutDown(within limit: Duration) async {
        await withTaskGroup { group in
            for service in services.values { group.addTask { await service.shutDown(within: limit) } }
        }
    }
}
