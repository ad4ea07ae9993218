import Configuration
import Glibc
import HTTP1
import NIOCore

/// A path on the listeners and what is spoken there.
///
/// One instance per shard, touched on its loop only.
class Endpoint {
    let name: String
    let path: String
    /// Of ``path``.
    final let pathBytes: [UInt8]
    unowned let shard: Shard
    /// Of ``shard``; to ask whether something is on it without taking hold of it.
    final let shardID: ObjectIdentifier
    /// Go on counting when a reload replaces the endpoint.
    final private(set) var counters = EndpointCounters()

    init(name: String, path: String, shard: Shard) {
        self.name = name
        self.path = path
        self.pathBytes = Array(path.utf8)
        self.shard = shard
        self.shardID = ObjectIdentifier(shard)
    }

    /// A reload puts this one in the place of one of the same name.
    ///
    /// Sessions of that one stay with it, and count here.
    func replace(_ previous: Endpoint) { self.counters = previous.counters }

    /// Whether a request for `path`, decoded, is for this endpoint.
    func serves(_ path: UnsafeRawBufferPointer) -> Bool { path.hasPrefix(self.pathBytes) }

    /// How many bytes the body of a request may have.
    func bodyLimit(for exchange: HTTPExchange) -> Int { 0 }

    /// The head of a request has come; its body is still on the way.
    func announce(_ exchange: HTTPExchange) {}

    /// Answers a complete request, now or later.
    func handle(_ exchange: HTTPExchange) {
        exchange.respond(HTTPResponse(404, text: "Not Found"))
    }

    /// What a client of this endpoint expects to hear when its request is malformed; `nil`: a plain status.
    func refusal(_ error: RequestError, for exchange: HTTPExchange) -> HTTPResponse? { nil }
}

/// The endpoints of a shard, by path.
final class EndpointTable {
    private var entries: [Endpoint] = []
    private var operators: Endpoint?

    init() {}

    init(_ configuration: GatewayConfiguration, shard: Shard, after previous: EndpointTable) {
        self.entries = configuration.endpoints.enumerated().map { index, options in
            switch options.protocol {
            case .static: StaticEndpoint(options, shard: shard)
            case .websocket: WebSocketEndpoint(options, index: index, shard: shard)
            case .sse: EventStreamEndpoint(options, index: index, shard: shard)
            case .longpoll: LongPollEndpoint(options, index: index, shard: shard)
            default: EngineEndpoint(options, index: index, shard: shard)
            }
        }
        self.operators = AdminEndpoint(shard: shard)
        for entry in self.entries {
            if let old = previous.entries.first(where: { $0.name == entry.name }) { entry.replace(old) }
        }
        if let old = previous.operators { self.operators?.replace(old) }
    }

    /// Those of the configuration in its order, then that of operators.
    var all: [Endpoint] { self.entries + (self.operators.map { [$0] } ?? []) }

    /// The endpoint of that path: the same on every shard, but for the moment of a reload.
    subscript(path: String) -> Endpoint? { self.entries.first { $0.path == path } }

    func bodyLimit(for exchange: HTTPExchange) -> Int {
        exchange.endpoint?.bodyLimit(for: exchange) ?? 0
    }

    func announce(_ exchange: HTTPExchange) {
        exchange.endpoint?.announce(exchange)
    }

    func handle(_ exchange: HTTPExchange) {
        let listener = exchange.connection.listener
        if let path = listener.healthPath, listener.audience == .clients, exchange.head.isPath(path) {
            // No request of whatever else is served there.
            exchange.endpoint = nil
            return HealthChecks.answer(exchange, check: .ready, core: exchange.shard.core)
        }
        guard let endpoint = exchange.endpoint else {
            return exchange.respond(HTTPResponse(404, text: "Not Found"))
        }
        endpoint.handle(exchange)
    }

    func refusal(_ error: RequestError, for exchange: HTTPExchange?) -> HTTPResponse? {
        guard let exchange else { return nil }
        return exchange.endpoint?.refusal(error, for: exchange)
    }

    /// The endpoint with the longest path that serves the request.
    func endpoint(for head: RequestHead, from listener: ListenerContext) -> Endpoint? {
        if listener.audience == .operators { return self.operators }
        var best: Endpoint?
        head.withPath { path in
            for entry in self.entries
            where entry.pathBytes.count > best?.pathBytes.count ?? -1 && entry.serves(path) {
                best = entry
            }
        }
        return best
    }
}

extension UnsafeRawBufferPointer {
    /// Whether it begins with these bytes.
    fileprivate func hasPrefix(_ prefix: [UInt8]) -> Bool {
        prefix.withUnsafeBytes { prefix in
            guard self.count >= prefix.count, let own = self.baseAddress, let other = prefix.baseAddress else {
                return prefix.isEmpty
            }
            return memcmp(own, other, prefix.count) == 0
        }
    }
}
