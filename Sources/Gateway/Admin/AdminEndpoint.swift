import NIOCore

/// The listener for operators: health, metrics, and the API by which backends and people act on sockets and rooms.
final class AdminEndpoint: Endpoint {
    static let maxBodyBytes = 1_048_576

    init(shard: Shard) {
        super.init(name: "admin", path: "/", shard: shard)
    }

    override func bodyLimit(for exchange: HTTPExchange) -> Int { Self.maxBodyBytes }

    override func handle(_ exchange: HTTPExchange) {
        let core = self.shard.core
        switch exchange.head.path {
        case "/livez": HealthChecks.answer(exchange, check: .live, core: core)
        case "/readyz": HealthChecks.answer(exchange, check: .ready, core: core)
        case "/startupz": HealthChecks.answer(exchange, check: .started, core: core)
        default: exchange.respond(HTTPResponse(problem: 404, title: "Not Found", detail: "there is no such path"))
        }
    }
}
