import Testing

@testable import Configuration

@Suite struct GatewayConfigurationTests {
    @Test func `the defaults are those of the documents`() throws {
        let configuration = try TestLoad(
            #"{"handlers":{"app":{"type":"http","url":"http://h/"}},"routes":[{"handler":"app"}]}"#
        ).get()
        let listener = try #require(configuration.listeners.first)
        #expect(listener.name == "127.0.0.1:8080")
        #expect(listener.health == nil)
        #expect(listener.trustedProxies.isEmpty)
        #expect(listener.clientAddressHeader == "x-forwarded-for")
        #expect(listener.proxyProtocol == .off)
        #expect(listener.tls == nil)
        #expect(configuration.admin == .init(address: .host("127.0.0.1", port: 9090), keys: []))
        #expect(configuration.origins.isEmpty)
        #expect(configuration.bus == .memory)
        #expect(
            configuration.history
                == .init(
                    maxMessages: 10_000, maxBytes: 64 << 20, maxAge: .seconds(120), maxReplay: 1000, checkpoint: nil))
        #expect(configuration.outbox.maxBytes == 4 << 30)
        #expect(
            configuration.limits
                == .init(
                    maxConnections: 100_000, acceptRate: .init(count: 1000, period: .seconds(1)),
                    maxConnectionsPerIP: 200, maxHandshakes: 1000,
                    handshakesPerIP: .init(count: 20, period: .seconds(1)),
                    maxPendingPerIP: 100,
                    messagesPerSocket: .init(count: 1000, period: .seconds(1)), outputSoft: 256 << 10,
                    outputHard: 1 << 20, maxRoomsPerSocket: 1000, memoryBudget: .percent(70)))
        #expect(
            configuration.timeouts
                == .init(header: .seconds(10), handshake: .seconds(15), writeProgress: .seconds(20)))
        #expect(configuration.drain == .init(delay: .seconds(5), window: .seconds(30), hardStop: .seconds(60)))
        #expect(configuration.log == .init(level: .info, format: .auto))
        #expect(configuration.tracing.endpoint == nil)
        #expect(
            configuration.handlers["app"]
                == .http(
                    .init(
                        url: "http://h/", timeout: .seconds(5), concurrency: 64, signingKeys: [], forwardHeaders: [],
                        certificateAuthority: nil)))
        let route = try #require(configuration.routes.first)
        #expect(route.name == "route-0")
        #expect(route.match == .init())
        #expect(route.require == nil)
        #expect(route.mode == .request)
        #expect(route.orderBy == .socket)
        #expect(route.timeout == nil)
        #expect(!route.idempotent)
        #expect(route.dedupe == nil)
        #expect(route.actions.isEmpty)
        #expect(route.ack == nil)
    }

    @Test func `an endpoint's defaults are those of the Socket IO server`() throws {
        let endpoint = try #require(try TestLoad("{}").get().endpoints.first)
        #expect(endpoint.name == "/socket.io/")
        #expect(endpoint.transports == [.polling, .websocket])
        #expect(endpoint.pingInterval == .seconds(25))
        #expect(endpoint.pingTimeout == .seconds(20))
        #expect(endpoint.upgradeTimeout == .seconds(10))
        #expect(endpoint.connectTimeout == .seconds(45))
        #expect(endpoint.maxHttpBufferSize == 1_000_000)
        #expect(endpoint.allowUpgrades)
        #expect(!endpoint.allowEIO3)
        #expect(endpoint.addTrailingSlash)
        #expect(endpoint.perMessageDeflate == nil)
        #expect(endpoint.httpCompression == 1024)
        #expect(endpoint.cookie == nil)
        #expect(endpoint.cors == nil)
        #expect(!endpoint.cleanupEmptyChildNamespaces)
        #expect(endpoint.maxAttachments == 10)
        #expect(endpoint.serveClient == nil)
        #expect(endpoint.auth == nil)
        #expect(endpoint.slowConsumer == .close)
        #expect(endpoint.namespaces.count == 1)
        guard case .name("/") = endpoint.namespaces[0].names else {
            Issue.record("the namespace is not /")
            return
        }
    }

    @Test func `compression of messages is read as Socket IO writes it`() throws {
        func read(_ value: String) throws -> GatewayConfiguration.PerMessageDeflate? {
            let text = """
                { "endpoints": [ { "path": "/", "protocol": "socket.io", "perMessageDeflate": \(value) } ] }
                """
            return try #require(try TestLoad(text).get().endpoints.first).perMessageDeflate
        }
        let defaults = GatewayConfiguration.PerMessageDeflate(
            threshold: 1_024, serverNoContextTakeover: true, clientNoContextTakeover: true, serverMaxWindowBits: 15,
            clientMaxWindowBits: 15)
        #expect(try read("false") == nil)
        #expect(try read("true") == defaults)
        #expect(try read("{}") == defaults)
        let given = """
            { "threshold": "2KiB", "serverNoContextTakeover": false, "clientNoContextTakeover": false,
              "serverMaxWindowBits": 10, "clientMaxWindowBits": 8 }
            """
        #expect(
            try read(given)
                == .init(
                    threshold: 2_048, serverNoContextTakeover: false, clientNoContextTakeover: false,
                    serverMaxWindowBits: 10, clientMaxWindowBits: 8))
    }

    @Test func `an endpoint is read as it is written`() throws {
        let text = """
            { "endpoints": [ {
                "name": "sio", "path": "/socket.io", "protocol": "socket.io", "transports": ["websocket"],
                "maxHttpBufferSize": 5, "httpCompression": false,
                "cookie": { "secure": true, "sameSite": "none", "maxAge": "1h" },
                "cors": { "origin": ["https://a", "https://b"], "credentials": true,
                          "allowedHeaders": ["x-a"], "maxAge": "10m" },
                "namespaces": [ "/", { "name": "/chat" }, { "pattern": "/tenant-{id}", "max": 7 } ],
                "auth": { "rooms": ["user:{user}"] }
            } ] }
            """
        let endpoint = try #require(try TestLoad(text).get().endpoints.first)
        #expect(endpoint.name == "sio")
        #expect(endpoint.path == "/socket.io/")
        #expect(endpoint.transports == [.websocket])
        #expect(endpoint.maxHttpBufferSize == 5)
        #expect(endpoint.httpCompression == nil)
        #expect(
            endpoint.cookie
                == .init(
                    name: "io", path: "/", domain: nil, httpOnly: true, secure: true, sameSite: .none,
                    maxAge: .seconds(3600)))
        #expect(
            endpoint.cors
                == .init(
                    origins: .list(["https://a", "https://b"]),
                    methods: ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE"],
                    allowedHeaders: ["x-a"], exposedHeaders: [], credentials: true, maxAge: .seconds(600),
                    optionsSuccessStatus: 204))
        #expect(endpoint.namespaces.map(\.presence) == [false, false, false])
        #expect(endpoint.namespaces.map(\.max) == [1, 1, 7])
        guard case .pattern("/tenant-{id}", let pattern) = endpoint.namespaces[2].names else { return }
        #expect(pattern.match("/tenant-5") == ["id": "5"])
        #expect(endpoint.auth?.rooms.count == 1)
    }

    @Test func `cookie and compression may be turned on with a word`() throws {
        let text = """
            { "endpoints": [ { "path": "/a", "protocol": "socket.io", "cookie": true, "httpCompression": true,
                               "addTrailingSlash": false } ] }
            """
        let endpoint = try #require(try TestLoad(text).get().endpoints.first)
        #expect(endpoint.path == "/a")
        #expect(endpoint.cookie?.name == "io")
        #expect(endpoint.cookie?.sameSite == .lax)
        #expect(endpoint.httpCompression == 1024)
    }

    @Test func `recovery is off unless its section is there`() throws {
        let text = """
            { "endpoints": [
                { "path": "/a", "protocol": "socket.io" },
                { "path": "/b", "protocol": "socket.io", "connectionStateRecovery": {} },
                { "path": "/c", "protocol": "socket.io",
                  "connectionStateRecovery": { "maxDisconnectionDuration": "30s" } } ],
              "history": { "maxMessages": 7, "checkpoint": "log.bin" } }
            """
        let configuration = try TestLoad(text).get()
        #expect(configuration.endpoints.map(\.recoveryWindow) == [nil, .seconds(120), .seconds(30)])
        #expect(configuration.history.maxMessages == 7)
        #expect(configuration.history.checkpoint?.hasSuffix("/log.bin") == true)
    }

    @Test func `an Engine IO endpoint is in one namespace, by name`() throws {
        let text = #"{"endpoints":[{"path":"/engine.io/","protocol":"engine.io","namespace":"/raw","rooms":["a"]}]}"#
        let endpoint = try #require(try TestLoad(text).get().endpoints.first)
        #expect(endpoint.protocol == .engineIO)
        #expect(endpoint.pingInterval == .seconds(25))
        guard case .name("/raw")? = endpoint.namespaces.first?.names else {
            Issue.record("the namespace is not /raw")
            return
        }
        #expect(endpoint.auth?.rooms.count == 1)
    }

    @Test func `a route is read as it is written`() throws {
        let text = """
            {
                "handlers": { "app": { "type": "http", "url": "http://h/" } },
                "routes": [
                    { "match": { "type": "socket.disconnected" }, "handler": "app", "mode": "atMostOnce",
                      "disconnected": "immediate" },
                    { "name": "chat", "match": { "namespace": "/", "event": ["message:*", "edit"] },
                      "require": { "inRoom": "a" }, "handler": "app", "timeout": "3s", "orderBy": "room:args.0.room",
                      "idempotent": true },
                    { "match": { "event": "join" },
                      "actions": [ { "do": "join", "rooms": ["{args.0}"] } ], "ack": [true] },
                    { "match": { "event": "drop" }, "actions": [] }
                ]
            }
            """
        let routes = try TestLoad(text).get().routes
        #expect(routes.map(\.name) == ["route-0", "chat", "route-2", "route-3"])
        #expect(routes.map(\.mode) == [.atMostOnce, .request, .request, .request])
        #expect(routes[0].match.types == [.disconnected])
        #expect(routes.map(\.disconnectsAtOnce) == [true, false, false, false])
        #expect(routes[1].match.events?.map(\.text) == ["message:*", "edit"])
        #expect(routes[1].require != nil)
        #expect(routes[1].timeout == .seconds(3))
        #expect(routes[1].orderBy == .room("args.0.room"))
        #expect(routes[1].idempotent)
        #expect(routes[1].dedupe == nil)
        #expect(routes[2].handler == nil)
        #expect(routes[2].actions.count == 1)
        #expect(routes[2].ack != nil)
    }

    @Test func `the admin listener has keys with scopes, or is off`() throws {
        let text = """
            { "admin": { "address": "0.0.0.0:1",
                         "keys": [ { "name": "ops", "secret": "${env:SECRET}", "scopes": ["read", "emit"] } ] } }
            """
        let key = try #require(try TestLoad(text).get().admin?.keys.first)
        #expect(key.name == "ops")
        #expect(key.secret.value == "s3cr3t")
        #expect(key.scopes == [.read, .emit])
        #expect(try TestLoad(#"{"admin":null}"#).get().admin == nil)
    }
}
