import Configuration
import EngineIO
import HTTP1
import NIOCore

/// How a session begins.
extension EngineEndpoint {
    func handshake(_ exchange: HTTPExchange, _ query: RequestQuery) {
        guard let session = self.openSession(exchange, query, .polling) else { return }
        session.open(poll: EngineRequest(exchange))
    }

    func webSocketHandshake(_ exchange: HTTPExchange, _ query: RequestQuery) {
        guard self.checkWebSocket(exchange) else { return }
        let deflate = self.agreedDeflate(exchange)
        guard let session = self.openSession(exchange, query, .websocket),
            let (connection, leftover) = self.acceptWebSocket(exchange, deflate: deflate)
        else { return }
        let stream = self.stream(
            connection, owner: session, limits: .init(maxMessageSize: self.options.maxHttpBufferSize),
            deflate: deflate)
        session.open(webSocket: stream)
        connection.become(stream, leftover: leftover)
    }

    private func openSession(_ exchange: HTTPExchange, _ query: RequestQuery, _ transport: Transport) -> EngineSession?
    {
        guard self.admitsSession(exchange) else { return nil }
        let now = ContinuousClock.now
        let id = SessionID(shard: self.shard.handle.index, using: &self.shard.random)
        let handshake = self.handshakeInfo(exchange, query: query.parameters.map { ($0.name, $0.value) })
        let client: EngineClient =
            switch self.options.protocol {
            case .engineIO: RawEngineClient(endpoint: self, revision: query.revision, handshake: handshake)
            default:
                SocketIOClient(
                    endpoint: self, revision: query.revision == .three ? .four : .five, handshake: handshake)
            }
        let session = EngineSession(
            id: id, transport: transport,
            configuration: query.revision == .three ? self.sessionConfiguration3 : self.sessionConfiguration,
            endpoint: self, client: client, now: now)
        if query.revision == .three, query.wantsBase64 {
            session.base64.insert(transport == .polling ? .polling : .websocket)
        }
        return session
    }
}
