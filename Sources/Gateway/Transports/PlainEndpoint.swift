import Configuration
import HTTP1
import NIOCore

/// A path for clients without Engine.IO: each is one socket, in the endpoint's namespace from the start.
class PlainEndpoint: ClientEndpoint {
    init(_ options: GatewayConfiguration.Endpoint, index: Int, shard: Shard) {
        super.init(options, index: index, path: options.path, shard: shard)
    }

    /// The path alone, with or without a slash: nothing lies below it.
    override func serves(_ path: UnsafeRawBufferPointer) -> Bool {
        guard super.serves(path) else { return false }
        let rest = path.dropFirst(self.pathBytes.count)
        return rest.isEmpty || (rest.elementsEqual("/".utf8) && !self.path.hasSuffix("/"))
    }

    func handshakeInfo(_ exchange: HTTPExchange) -> ClientHandshake {
        self.handshakeInfo(exchange, query: exchange.head.query.map { ($0.key, $0.value) })
    }

    /// Answers that the request's method has no meaning here.
    func refuseMethod(_ exchange: HTTPExchange, allowed: String) {
        self.respond(exchange, HTTPResponse(405, headers: [("allow", allowed)]))
    }

    /// Answers a page of an origin that may not connect.
    func refuseOrigin(_ exchange: HTTPExchange) {
        exchange.respond(HTTPResponse(403, text: "Origin not allowed", closes: true))
    }

    /// Answers so that pages of other origins may read it, where they may.
    func respond(_ exchange: HTTPExchange, _ response: HTTPResponse) {
        var response = response
        response.headers += self.crossOriginFields(exchange.head.headers.first("origin"))
        exchange.respond(response)
    }
}
