import Configuration
import Identity
import Logging

/// Decides who a client is, by the token that it shows when it enters a namespace.
final class Authenticator: Sendable {
    enum Verdict: Sendable {
        /// Nobody in particular: the endpoint does not require a token, and there was none.
        case anonymous
        case accepted(VerifiedToken)
        case refused(TokenError)
        /// Try again when the keys have been looked for; see ``TokenKeys/missed(now:then:)``.
        case keysMissing
    }

    let keys: TokenKeys
    private let verifier: TokenVerifier
    private let source: TokenSource
    private let isRequired: Bool

    init(_ options: GatewayConfiguration.JWT, isRequired: Bool, endpoint: String, logger: Logger) throws {
        self.keys = try TokenKeys(options.source, endpoint: endpoint, logger: logger)
        self.verifier = TokenVerifier(
            policy: TokenPolicy(
                algorithms: Set(options.algorithms.compactMap(SignatureAlgorithm.init)),
                audience: options.audience.map { [$0] }, issuer: options.issuer.map { [$0] }))
        self.source = TokenSource(cookie: options.cookie, query: options.query)
        self.isRequired = isRequired
    }

    /// What a request brings that may hold a token: kept until the client has entered a namespace with it.
    func credentials(of exchange: HTTPExchange, query: (String) -> String?) -> Result<TokenSource.Found?, TokenError> {
        let headers = exchange.head.headers
        let cookies = headers.values(of: "cookie")
        return Result { () throws(TokenError) in
            try self.source.token(
                authJSON: nil, authorization: headers.first("authorization"),
                cookies: cookies.isEmpty ? nil : cookies.joined(separator: "; "), queryValue: query)
        }
    }

    /// - Parameter handshake: what ``credentials(of:query:)`` gave when the session began.
    func authenticate(
        authJSON: [UInt8]?, handshake: Result<TokenSource.Found?, TokenError>, now: ContinuousClock.Instant
    ) -> Verdict {
        do throws(TokenError) {
            let own = try self.source.token(authJSON: authJSON, authorization: nil, cookies: nil) { _ in nil }
            let found = if let own { own } else { try handshake.get() }
            guard let found else {
                return self.isRequired ? .refused(.missing) : .anonymous
            }
            guard let keys = self.keys.current(now: now) else { return .keysMissing }
            let seconds = Int(WallClock.milliseconds() / 1_000)
            return .accepted(try self.verifier.verify(found.token, keys: keys, now: seconds))
        } catch {
            return error == .unknownKey ? .keysMissing : .refused(error)
        }
    }
}
