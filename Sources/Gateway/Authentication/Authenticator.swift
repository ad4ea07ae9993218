import Configuration
import Identity
import Logging
import NIOCore
import NIOPosix
import Synchronization

/// Decides who a client is, by the token that it shows when it enters a namespace.
final class Authenticator: Sendable {
    enum Verdict: Sendable {
        /// Nobody in particular: the endpoint does not require a token, and there was none.
        case anonymous
        case accepted(VerifiedToken)
        case refused(TokenError)
    }

    /// Tokens of costly algorithms that may wait to be verified: at 3 ms each, some seconds' worth on one core.
    private static let maxWaiting = 1_000

    private let waiting = Atomic(0)

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

    /// Finds a client's token and verifies it.
    ///
    /// On `loop`, where `done` is called too: at once, or when keys have been fetched or a costly signature was checked.
    ///
    /// - Parameter handshake: what ``credentials(of:query:)`` gave when the session began.
    func authenticate(
        authJSON: [UInt8]?, handshake: Result<TokenSource.Found?, TokenError>, on loop: any EventLoop,
        _ done: @escaping (Verdict) -> Void
    ) {
        do throws(TokenError) {
            let own = try self.source.token(authJSON: authJSON, authorization: nil, cookies: nil) { _ in nil }
            let found = if let own { own } else { try handshake.get() }
            guard let found else { return done(self.isRequired ? .refused(.missing) : .anonymous) }
            self.verify(found.token, on: loop, done)
        } catch {
            done(.refused(error))
        }
    }

    /// Verifies a token, as ``authenticate(authJSON:handshake:on:_:)`` does.
    func verify(_ token: String, on loop: any EventLoop, _ done: @escaping (Verdict) -> Void) {
        self.attempt(token, mayWait: true, on: loop, done)
    }

    private func attempt(
        _ token: String, mayWait: Bool, on loop: any EventLoop, _ done: @escaping (Verdict) -> Void
    ) {
        guard let keys = self.keys.current(now: .now) else {
            return self.lookForKeys(.keysUnavailable, token, mayWait: mayWait, on: loop, done)
        }
        let finish = { (result: Result<VerifiedToken, TokenError>) in
            switch result {
            case .success(let token): done(.accepted(token))
            case .failure(.unknownKey): self.lookForKeys(.unknownKey, token, mayWait: mayWait, on: loop, done)
            case .failure(let error): done(.refused(error))
            }
        }
        guard self.verifier.isCostly(token) else { return finish(Self.result(self.verifier, token, keys)) }
        guard self.waiting.wrappingAdd(1, ordering: .relaxed).newValue <= Self.maxWaiting else {
            self.waiting.wrappingSubtract(1, ordering: .relaxed)
            return done(.refused(.overloaded))
        }
        let verifier = self.verifier
        NIOThreadPool.singleton.runIfActive(eventLoop: loop) { Self.result(verifier, token, keys) }
            .assumeIsolated().whenComplete { result in
                self.waiting.wrappingSubtract(1, ordering: .relaxed)
                // The pool fails only while the process ends.
                finish((try? result.get()) ?? .failure(.overloaded))
            }
    }

    private static func result(
        _ verifier: TokenVerifier, _ token: String, _ keys: KeySet
    ) -> Result<VerifiedToken, TokenError> {
        Result { () throws(TokenError) in
            try verifier.verify(token, keys: keys, now: Int(WallClock.milliseconds() / 1_000))
        }
    }

    /// Tries again with newer keys, where there may be any.
    private func lookForKeys(
        _ error: TokenError, _ token: String, mayWait: Bool, on loop: any EventLoop,
        _ done: @escaping (Verdict) -> Void
    ) {
        guard mayWait else { return done(.refused(error)) }
        let bound = NIOLoopBound(done, eventLoop: loop)
        let waits = self.keys.missed(now: .now) {
            loop.execute { self.attempt(token, mayWait: false, on: loop, bound.value) }
        }
        if !waits { done(.refused(error)) }
    }
}
