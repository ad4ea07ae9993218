import EngineIO
import Testing

@Suite struct RequestIntentTests {
    private func intent(
        _ method: RequestMethod, _ query: String, upgrade: Bool = false, allowing transports: TransportSet = .all
    ) throws -> RequestIntent {
        RequestIntent(
            method: method, query: try RequestQuery(parsing: query), isWebSocketUpgrade: upgrade, allowing: transports)
    }

    @Test func `each request finds its place`() throws {
        #expect(try intent(.get, "EIO=4&transport=polling") == .handshake(.polling))
        #expect(try intent(.get, "EIO=4&transport=websocket", upgrade: true) == .handshake(.websocket))
        #expect(try intent(.get, "EIO=4&transport=polling&sid=a") == .poll(sid: "a"))
        #expect(try intent(.post, "EIO=4&transport=polling&sid=a") == .post(sid: "a"))
        #expect(try intent(.get, "EIO=4&transport=websocket&sid=a", upgrade: true) == .upgrade(sid: "a"))
    }

    @Test func `E1 an unknown transport is code 0, whatever else is wrong`() throws {
        #expect(try intent(.get, "EIO=4&transport=__proto__") == .refuse(.unknownTransport))
        #expect(try intent(.post, "EIO=3&transport=abc&sid=a") == .refuse(.unknownTransport))
        #expect(try intent(.get, "EIO=4") == .refuse(.unknownTransport))
    }

    @Test func `a transport that the endpoint does not serve is unknown`() throws {
        #expect(try intent(.get, "EIO=4&transport=polling", allowing: .websocket) == .refuse(.unknownTransport))
        #expect(
            try intent(.get, "EIO=4&transport=websocket&sid=a", upgrade: true, allowing: .polling)
                == .refuse(.unknownTransport))
    }

    @Test func `E14 a handshake is a GET, and that is checked before the version`() throws {
        #expect(try intent(.post, "EIO=4&transport=polling") == .refuse(.badHandshakeMethod))
        #expect(try intent(.other, "EIO=3&transport=polling") == .refuse(.badHandshakeMethod))
        #expect(try intent(.post, "transport=websocket") == .refuse(.badHandshakeMethod))
    }

    @Test func `protocol 3 is spoken where that is allowed`() throws {
        for query in ["EIO=3&transport=polling", "transport=polling", "EIO=abc&transport=polling"] {
            let query = try RequestQuery(parsing: query)
            let intent = RequestIntent(
                method: .get, query: query, isWebSocketUpgrade: false, allowing: .all, allowsRevision3: true)
            #expect(intent == .handshake(.polling))
        }
    }

    @Test func `E14 only protocol 4 is spoken, asked at the handshake alone`() throws {
        #expect(try intent(.get, "EIO=3&transport=polling") == .refuse(.unsupportedProtocolVersion))
        #expect(try intent(.get, "transport=polling") == .refuse(.unsupportedProtocolVersion))
        #expect(try intent(.get, "transport=polling&sid=a") == .poll(sid: "a"))
    }

    @Test func `a WebSocket handshake needs an upgrade, a polling one must not have it`() throws {
        #expect(try intent(.get, "EIO=4&transport=websocket") == .refuse(.badRequest))
        #expect(try intent(.get, "EIO=4&transport=polling", upgrade: true) == .refuse(.badRequest))
    }

    @Test func `misuse of a session is for the caller to refuse once it has looked it up`() throws {
        #expect(try intent(.get, "EIO=4&transport=websocket&sid=a") == .misuse(sid: "a", .transport))
        #expect(try intent(.get, "EIO=4&transport=polling&sid=a", upgrade: true) == .misuse(sid: "a", .transport))
        #expect(try intent(.other, "EIO=4&transport=polling&sid=a") == .misuse(sid: "a", .method))
    }
}
