import Configuration
import Logging
enum HandlerDirectory {
    static func build(_ h: [String: GatewayConfiguration.Handler], nodeID: String, version: String, logger: Logger) throws -> [String: any HandlerService] { [:] }
}
