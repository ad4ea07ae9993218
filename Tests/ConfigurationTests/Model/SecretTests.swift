import Testing

@testable import Configuration

@Suite struct SecretTests {
    private static let document = """
        {
            "admin": { "keys": [
                { "name": "a", "secret": "canary-admin" }, { "name": "b", "secret": "${file:/run/b}" } ] },
            "handlers": { "app": { "type": "http", "url": "http://joe:canary-url@h/", "signingKeys": [
                "whsec_Y2FuYXJ5LWNhbmFyeS1jYW5hcnktY2FuYXJ5", "${env:KEY}" ] } },
            "endpoints": [ { "path": "/", "protocol": "socket.io", "auth": { "jwt": {
                "secret": "canary-jwt-0123456789-0123456789", "algorithms": ["HS256"] } } } ],
            "routes": [ { "handler": "app", "match": { "event": "${env:EVENT}" } } ]
        }
        """

    private func load() throws -> GatewayConfiguration {
        try TestLoad(
            Self.document,
            environment: ["KEY": "whsec_Y2FuYXJ5LWNhbmFyeS1jYW5hcnktY2FuYXJ5", "EVENT": "canary-event"],
            files: ["/run/b": "canary-file\n"]
        ).get()
    }

    @Test func `show prints no secret, and references as they are written`() throws {
        let shown = try load().show()
        #expect(!shown.contains("canary"))
        #expect(!shown.contains("Y2FuYXJ5"))
        #expect(shown.contains(#""secret": "(redacted)""#))
        #expect(shown.contains(#""signingKeys": ["(redacted)", "(redacted)"]"#))
        #expect(shown.contains("http://(redacted)@h/"))
        #expect(shown.contains("${env:EVENT}"))
    }

    @Test func `the values are there for those who need them`() throws {
        let configuration = try load()
        #expect(configuration.endpoints.first?.auth?.jwt?.source == .secret(Secret("canary-jwt-0123456789-0123456789")))
        #expect(configuration.admin?.keys.map(\.secret.value) == ["canary-admin", "canary-file"])
        guard case .http(let handler) = configuration.handlers["app"] else { return }
        #expect(
            handler.signingKeys.map(\.value) == Array(repeating: "whsec_Y2FuYXJ5LWNhbmFyeS1jYW5hcnktY2FuYXJ5", count: 2)
        )
        #expect(handler.url == "http://joe:canary-url@h/")
        #expect(configuration.routes.first?.match.events?.map(\.text) == ["canary-event"])
    }

    @Test func `no way of printing shows a secret`() throws {
        let secret = Secret("canary")
        var dumped = ""
        dump(secret, to: &dumped)
        for text in ["\(secret)", String(reflecting: secret), String(describing: [secret]), dumped] {
            #expect(!text.contains("canary"))
        }
        let keys = try load().admin?.keys ?? []
        #expect(!String(reflecting: keys).contains("canary"))
        #expect(!String(reflecting: try load().endpoints.map { $0.auth?.jwt }).contains("canary"))
    }

    @Test func `errors about secrets do not quote them`() {
        let text = """
            { "handlers": { "app": { "type": "http", "url": "ftp://joe:canary@h/", "signingKeys": ["canary"] } },
              "admin": { "keys": [ { "name": "a", "secret": ["canary"] } ] } }
            """
        let errors = TestLoad(text, overrides: ["handlers.app.signingKeys=canary"]).errors
        #expect(errors.count == 3)
        #expect(errors.allSatisfy { !$0.contains("canary") })
    }
}
