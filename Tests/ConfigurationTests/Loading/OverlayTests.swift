import Testing

@testable import Configuration

@Suite struct OverlayTests {
    private static let document = """
        {
            "listeners": [ { "name": "public", "address": "127.0.0.1:80" }, { "address": "127.0.0.1:81" } ],
            "endpoints": [
                { "name": "sio", "path": "/socket.io/", "protocol": "socket.io", "namespaces": ["/", "/chat"] }
            ],
            "handlers": {
                "app": { "type": "http", "url": "http://a/" }, "my-app": { "type": "http", "url": "http://b/" }
            },
            "routes": [ { "name": "all", "handler": "app" } ],
            "limits": { "maxConnections": 10 }
        }
        """

    private func shown(_ pairs: [String: String] = [:], set overrides: [String] = []) throws -> String {
        try TestLoad(Self.document, environment: pairs, overrides: overrides).get().show()
    }

    @Test(arguments: [
        ("GATEHOUSE_LIMITS_MAX_CONNECTIONS", "7", "\"maxConnections\": 7"),
        ("GATEHOUSE_LIMITS_MAX_ROOMS_PER_SOCKET", "8", "\"maxRoomsPerSocket\": 8"),
        ("GATEHOUSE_NODE_ID", "n7", "\"id\": \"n7\""),
        ("GATEHOUSE_LISTENERS_0_ADDRESS", "[::1]:99", "\"address\": \"[::1]:99\""),
        ("GATEHOUSE_LISTENERS_PUBLIC_HEALTH", "/healthz", "\"health\": \"/healthz\""),
        ("GATEHOUSE_LISTENERS_1_HEALTH", "/healthz", "\"health\": \"/healthz\""),
        ("GATEHOUSE_HANDLERS_APP_FORWARD_HEADERS", "accept,x-a", "\"forwardHeaders\": [\"accept\", \"x-a\"]"),
        ("GATEHOUSE_ENDPOINTS_SIO_PING_INTERVAL", "3s", "\"pingInterval\": \"3s\""),
        ("GATEHOUSE_ENDPOINTS_0_ALLOW_UPGRADES", "false", "\"allowUpgrades\": false"),
        ("GATEHOUSE_ENDPOINTS_0_MAX_HTTP_BUFFER_SIZE", "2MB", "\"maxHttpBufferSize\": \"2MB\""),
        ("GATEHOUSE_ENDPOINTS_0_HTTP_COMPRESSION", "false", "\"httpCompression\": false"),
        ("GATEHOUSE_ENDPOINTS_0_HTTP_COMPRESSION_THRESHOLD", "9", "\"threshold\": \"9\""),
        ("GATEHOUSE_ENDPOINTS_0_CORS_ORIGIN", "https://a", "\"origin\": [\"https://a\"]"),
        ("GATEHOUSE_ENDPOINTS_0_COOKIE_NAME", "sticky", "\"name\": \"sticky\""),
        ("GATEHOUSE_ENDPOINTS_0_NAMESPACES_1_MAX", "3", "\"max\": 3"),
        ("GATEHOUSE_HANDLERS_APP_TIMEOUT", "9s", "\"timeout\": \"9s\""),
        ("GATEHOUSE_HANDLERS_MY_APP_URL", "http://c/", "\"url\": \"http://c/\""),
        ("GATEHOUSE_ROUTES_ALL_MODE", "atMostOnce", "\"mode\": \"atMostOnce\""),
        ("GATEHOUSE_ROUTES_0_TIMEOUT", "1s", "\"timeout\": \"1s\""),
        ("GATEHOUSE_ADMIN_ADDRESS", "127.0.0.1:1", "\"address\": \"127.0.0.1:1\""),
        ("GATEHOUSE_ADMIN", "null", "\"admin\": null"),
        ("GATEHOUSE_ORIGINS", "https://a,https://b", "\"origins\": [\"https://a\", \"https://b\"]"),
        ("GATEHOUSE_ORIGINS", "[\"https://a\"]", "\"origins\": [\"https://a\"]"),
        ("GATEHOUSE_ORIGINS", "", "\"origins\": []"),
        ("GATEHOUSE_LOG_LEVEL", "debug", "\"level\": \"debug\""),
        ("GATEHOUSE_ENDPOINTS_0_SERVE_CLIENT", "null", "\"serveClient\": null"),
        ("GATEHOUSE_LIMITS_MAX_CONNECTIONS", "${env:PORT}", "\"maxConnections\": 99"),
    ])
    func `a variable sets its option`(_ name: String, _ value: String, _ expected: String) throws {
        #expect(try shown([name: value]).contains(expected))
    }

    @Test(arguments: [
        ("limits.maxConnections=7", "\"maxConnections\": 7"), ("listeners.public.health=/up", "\"health\": \"/up\""),
        ("listeners.1.health=/up", "\"health\": \"/up\""), ("endpoints.0.pingInterval=3s", "\"pingInterval\": \"3s\""),
        ("endpoints.sio.cors.credentials=false", "\"credentials\": false"),
        ("endpoints.sio.cors={\"origin\":\"https://a\"}", "\"origin\": [\"https://a\"]"),
        ("endpoints.sio.cookie=true", "\"sameSite\": \"lax\""),
        ("endpoints.sio.namespaces./chat.max=3", "\"max\": 3"),
        ("handlers.my-app.concurrency=3", "\"concurrency\": 3"),
        ("handlers.new={\"type\":\"http\",\"url\":\"http://n/\"}", "\"url\": \"http://n/\""),
        ("routes.all.match={\"event\":\"a\"}", "\"event\": \"a\""),
        ("routes.0.match={\"event\":\"a=b\"}", "\"event\": \"a=b\""),
        ("listeners=[{\"address\":\"127.0.0.1:5\"}]", "\"address\": \"127.0.0.1:5\""),
        ("origins=https://a", "\"origins\": [\"https://a\"]"), ("admin=null", "\"admin\": null"),
    ])
    func `an override sets its option`(_ assignment: String, _ expected: String) throws {
        #expect(try shown(set: [assignment]).contains(expected))
    }

    @Test func `a handler can be made of overrides alone`() throws {
        let configuration = try TestLoad("{}", overrides: ["handlers.h.type=http", "handlers.h.url=http://h/"]).get()
        #expect(configuration.handlers.keys.sorted() == ["h"])
    }

    @Test func `later wins: defaults, file, environment, overrides in their order`() throws {
        func connections(_ environment: [String: String], _ overrides: [String], _ document: String) throws -> Int {
            try TestLoad(document, environment: environment, overrides: overrides).get().limits.maxConnections
        }
        let environment = ["GATEHOUSE_LIMITS_MAX_CONNECTIONS": "20"]
        #expect(try connections([:], [], "{}") == 100_000)
        #expect(try connections([:], [], Self.document) == 10)
        #expect(try connections(environment, [], Self.document) == 20)
        #expect(try connections(environment, ["limits.maxConnections=30"], Self.document) == 30)
        #expect(try connections([:], ["limits.maxConnections=30", "limits.maxConnections=40"], Self.document) == 40)
    }

    @Test func `the lists of the defaults can be overridden too`() throws {
        let configuration = try TestLoad("{}", environment: ["GATEHOUSE_LISTENERS_0_ADDRESS": "127.0.0.1:1"]).get()
        #expect(configuration.listeners.map(\.address) == [.host("127.0.0.1", port: 1)])
        #expect(configuration.listeners.map(\.name) == ["127.0.0.1:1"])
    }

    @Test func `variables that are no options are left alone`() throws {
        let environment = [
            "GATEHOUSE_CONFIG": "x", "GATEHOUSE_SIM_SEED": "1", "GATEHOUSE_SIM_SEEDS": "2", "GATEHOUSEX": "1",
            "PATH": "/",
        ]
        _ = try TestLoad("{}", environment: environment).get()
    }
}
