import EngineIO
import HTTP1
import NIOCore
import WebSocketProtocol

/// WebSockets of sessions that exist: the way to the session that they name.
extension EngineEndpoint {
    func upgrade(_ exchange: HTTPExchange, _ sid: SessionName, wantsBase64: Bool) {
        guard self.checkWebSocket(exchange) else { return }
        guard let id = SessionID(sid), id.shard < self.shard.core.shards.count else {
            return self.refuse(exchange, .unknownSession, isUpgrade: true)
        }
        guard id.shard == self.shard.handle.index else {
            return self.upgradeElsewhere(exchange, id, wantsBase64: wantsBase64)
        }
        guard let session = self.session(id) else { return self.refuse(exchange, .unknownSession, isUpgrade: true) }
        switch session.receiveUpgrade(wantsBase64: wantsBase64) {
        case .failure(let error):
            self.refuse(exchange, error, isUpgrade: true)
        case .success(let verdict):
            let deflate = self.agreedDeflate(exchange)
            guard let (connection, leftover) = self.acceptWebSocket(exchange, deflate: deflate) else { return }
            self.beginProbe(session, connection, leftover, deflate, verdict)
        }
    }

    private func beginProbe(
        _ session: EngineSession, _ connection: Connection, _ leftover: ByteBuffer, _ deflate: DeflateParameters?,
        _ verdict: EngineSession.UpgradeVerdict
    ) {
        let stream = self.stream(
            connection, owner: verdict == .probe ? session : nil,
            limits: .init(maxMessageSize: self.options.maxHttpBufferSize), deflate: deflate)
        switch verdict {
        case .probe:
            session.beginProbe(stream)
            connection.become(stream, leftover: leftover)
        case .closeAtOnce:
            connection.become(stream, leftover: ByteBuffer())
            stream.close(code: nil)
        }
    }

    /// The session lives on another loop: its connection moves there, and is never moved again.
    private func upgradeElsewhere(_ exchange: HTTPExchange, _ id: SessionID, wantsBase64: Bool) {
        let path = self.path
        let key = exchange.head.headers.first("sec-websocket-key") ?? ""
        let deflate = self.agreedDeflate(exchange)
        let target = self.shard.core.shards[id.shard]
        guard let (connection, leftover) = exchange.takeConnection() else { return }
        // Not now: the connection is in the middle of a read, and more of what was read may follow.
        let rest = HandOverStream(leftover)
        connection.become(rest, leftover: ByteBuffer())
        // What comes from now on waits in the kernel for the other loop.
        connection.setReadsPaused(true)
        self.handOver(connection, rest, to: target, attempts: 20) { connection, leftover in
            guard let endpoint = connection.shard.endpoints[path] as? EngineEndpoint else {
                return connection.close(.done)
            }
            endpoint.continueUpgrade(connection, leftover, id, key: key, deflate, wantsBase64: wantsBase64)
        }
    }

    /// Moves a connection when all that was answered on it before is on its way.
    private func handOver(
        _ connection: Connection, _ rest: HandOverStream, to target: ShardHandle, attempts: Int,
        _ body: @escaping @Sendable (Connection, ByteBuffer) -> Void
    ) {
        let bound = NIOLoopBound((self, connection, rest), eventLoop: self.shard.loop)
        self.shard.loop.scheduleTask(in: attempts == 20 ? .zero : .milliseconds(5)) {
            let (endpoint, connection, rest) = bound.value
            if let handOver = connection.detach() {
                let leftover = rest.bytes
                DescriptorHandOver.adopt(handOver, on: target, listener: connection.listener) { body($0, leftover) }
            } else if attempts > 0, connection.bufferedBytes > 0 {
                endpoint.handOver(connection, rest, to: target, attempts: attempts - 1, body)
            } else {
                connection.close(.done)
            }
        }
    }

    private func continueUpgrade(
        _ connection: Connection, _ leftover: ByteBuffer, _ id: SessionID, key: String, _ deflate: DeflateParameters?,
        wantsBase64: Bool
    ) {
        let verdict =
            self.session(id).map { $0.receiveUpgrade(wantsBase64: wantsBase64) } ?? .failure(.unknownSession)
        switch verdict {
        case .failure(let error):
            connection.send { Self.writeRefusal(error, into: &$0) }
            connection.become(ByteStream(), leftover: ByteBuffer())
            connection.closeAfterFlush()
        case .success(let verdict):
            guard let session = self.session(id) else { return connection.close(.done) }
            connection.send {
                WebSocketProtocol.Handshake.writeResponse(key: key, extensions: deflate?.answer, into: &$0)
            }
            self.counters.countRequest(.get, status: 101)
            self.beginProbe(session, connection, leftover, deflate, verdict)
        }
    }
}
