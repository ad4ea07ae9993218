/// The method of a request as far as Engine.IO tells methods apart.
package enum RequestMethod: Hashable, Sendable {
    case get, post, other
}

/// What a request wants, decided from its head alone.
///
/// Whether the session exists is for the caller to look up.
///
/// The order of the checks is that of the reference server, so that a request with several faults gets the same code:
/// transport, session (the caller: ``ProtocolError/unknownSession``), method, handshake transport, protocol version.
package enum RequestIntent: Hashable, Sendable {
    /// Open a session. `polling`: the answer carries the handshake packet; `websocket`: complete the upgrade first.
    case handshake(Transport)
    /// GET: wait for packets.
    case poll(sid: SessionName)
    /// POST: a payload of packets.
    case post(sid: SessionName)
    /// Move a polling session to this WebSocket.
    case upgrade(sid: SessionName)
    /// Names a session, but in a way that no session answers to.
    case misuse(sid: SessionName, Misuse)
    case refuse(ProtocolError)

    package enum Misuse: Hashable, Sendable {
        /// Answer ``ProtocolError/badRequest``.
        case transport
        /// Neither GET nor POST: answer 500 with an empty body.
        case method
    }

    package init(
        method: RequestMethod, query: RequestQuery, isWebSocketUpgrade: Bool, allowing transports: TransportSet,
        allowsRevision3: Bool = false
    ) {
        guard let transport = query.transport, transports.contains(transport) else {
            self = .refuse(.unknownTransport)
            return
        }
        if let sid = query.sid {
            switch (transport, isWebSocketUpgrade) {
            case (.websocket, true): self = .upgrade(sid: sid)
            case (.websocket, false), (.polling, true): self = .misuse(sid: sid, .transport)
            case (.polling, false):
                switch method {
                case .get: self = .poll(sid: sid)
                case .post: self = .post(sid: sid)
                case .other: self = .misuse(sid: sid, .method)
                }
            }
            return
        }
        if method != .get {
            self = .refuse(.badHandshakeMethod)
        } else if (transport == .websocket) != isWebSocketUpgrade {
            self = .refuse(.badRequest)
        } else if query.revision != .four, !allowsRevision3 {
            self = .refuse(.unsupportedProtocolVersion)
        } else {
            self = .handshake(transport)
        }
    }
}
