import HTTP1
import NIOCore
import WebSocketProtocol

/// A path for plain WebSockets: `format: "json"` for events, without it for raw messages.
final class WebSocketEndpoint: PlainEndpoint {
    override func handle(_ exchange: HTTPExchange) {
        let head = exchange.head
        guard head.method == .get else { return self.refuseMethod(exchange, allowed: "GET") }
        guard head.isWebSocketUpgrade else {
            return exchange.respond(
                HTTPResponse(426, headers: [("upgrade", "websocket"), ("sec-websocket-version", "13")], closes: true))
        }
        guard self.admits(exchange) else { return self.refuseOrigin(exchange) }
        guard self.checkWebSocket(exchange) else { return }
        let fields = head.headers.values(of: "sec-websocket-protocol")
        var offered: [String] = []
        if !fields.isEmpty {
            guard let names = Handshake.subprotocols(fields.joined(separator: ",")) else {
                return self.refuseWebSocket(exchange)
            }
            offered = names
        }
        guard self.admitsSession(exchange) else { return }
        let client = WebSocketClient(
            endpoint: self, handshake: self.handshakeInfo(exchange),
            subprotocol: self.options.subprotocols.first { offered.contains($0) })
        client.enter(by: exchange)
    }

    var limits: FrameDecoder.Limits {
        FrameDecoder.Limits(maxMessageSize: self.options.maxMessageSize, maxFragments: self.options.maxFragments)
    }
}
