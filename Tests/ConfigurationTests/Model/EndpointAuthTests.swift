import Testing

@testable import Configuration

@Suite struct EndpointAuthTests {
    private static let algorithms = [
        "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
    ]
    private static let secret = String(repeating: "0123456789abcdef", count: 4)

    private func auth(_ members: String) throws -> GatewayConfiguration.Auth {
        let text = #"{"endpoints":[{"path":"/a/","protocol":"socket.io","auth":{\#(members)}}]}"#
        return try #require(try TestLoad(text, environment: ["KEY": Self.secret]).get().endpoints.first?.auth)
    }

    @Test func `with tokens, a socket needs one unless the file says otherwise`() throws {
        let jwt = #""jwt": { "publicKey": "issuer.pem", "algorithms": ["ES256"] }"#
        let auth = try auth(jwt)
        #expect(auth.required)
        #expect(
            auth.jwt
                == .init(
                    source: .publicKey("/etc/gatehouse/issuer.pem"), algorithms: ["ES256"], audience: nil, issuer: nil,
                    cookie: nil, query: nil))
        #expect(try !self.auth(jwt + #", "required": false"#).required)
        #expect(try self.auth(#""rooms": ["a"]"#).jwt == nil)
    }

    @Test func `a token scheme is read as it is written`() throws {
        let jwt = try auth(
            """
            "jwt": { "jwks": "https://id.example.com/jwks.json", "algorithms": ["RS256", "ES256"],
                     "audience": "chat", "issuer": "https://id.example.com", "cookie": "session", "query": "token" }
            """
        ).jwt
        #expect(
            jwt
                == .init(
                    source: .jwks("https://id.example.com/jwks.json"), algorithms: ["RS256", "ES256"],
                    audience: "chat", issuer: "https://id.example.com", cookie: "session", query: "token"))
    }

    @Test(arguments: [
        ("keys/jwks.json", "/etc/gatehouse/keys/jwks.json"), ("/run/jwks.json", "/run/jwks.json"),
        ("http://127.0.0.1:8000/jwks", "http://127.0.0.1:8000/jwks"),
    ])
    func `a key set is at a URL, or in a file relative to the one that names it`(_ text: String, _ place: String)
        throws
    {
        #expect(try auth(#""jwt": { "jwks": "\#(text)", "algorithms": ["RS256"] }"#).jwt?.source == .jwks(place))
    }

    @Test(arguments: EndpointAuthTests.algorithms)
    func `a public key goes with every algorithm that signs`(_ algorithm: String) throws {
        for key in ["publicKey", "jwks"] {
            let jwt = try auth(#""jwt": { "\#(key)": "k", "algorithms": ["\#(algorithm)"] }"#).jwt
            #expect(jwt?.algorithms == [algorithm])
        }
    }

    @Test(arguments: [("HS256", 32), ("HS384", 48), ("HS512", 64)])
    func `a secret is as long as the digest at least`(_ algorithm: String, _ length: Int) throws {
        let secret = String(Self.secret.prefix(length))
        let auth = try auth(#""jwt": { "secret": "\#(secret)", "algorithms": ["\#(algorithm)"] }"#)
        #expect(auth.jwt?.source == .secret(Secret(secret)))
        #expect(throws: ConfigurationErrors.self) {
            try self.auth(#""jwt": { "secret": "\#(secret.dropLast())", "algorithms": ["\#(algorithm)"] }"#)
        }
    }

    @Test func `a secret may come from elsewhere`() throws {
        let auth = try auth(#""jwt": { "secret": "${env:KEY}", "algorithms": ["HS512"] }"#)
        #expect(auth.jwt?.source == .secret(Secret(Self.secret)))
    }
}
