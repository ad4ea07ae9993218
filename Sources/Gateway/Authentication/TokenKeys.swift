import Configuration
import Foundation
import Identity
import Logging
import NIOCore
import Synchronization

/// The keys that tokens of an endpoint are checked with: fixed ones, or an issuer's set that is fetched now and then.
final class TokenKeys: Sendable {
    /// Clients that wait for one fetch: more than come in its ten seconds, short of an attack.
    private static let maxWaiting = 20_000

    private struct State {
        var cache = KeySetCache()
        var waiting: [@Sendable () -> Void] = []
    }

    private let fixed: KeySet?
    private let url: String?
    private let endpoint: String
    private let logger: Logger
    private let state = Mutex(State())

    /// Throws ``StartupError`` when the key is unusable.
    init(_ source: GatewayConfiguration.JWT.Source, endpoint: String, logger: Logger) throws {
        self.endpoint = endpoint
        self.logger = logger
        switch source {
        case .secret(let secret):
            self.fixed = try Self.keys(endpoint, "a secret") { () throws(VerificationKeyError) in
                KeySet([try VerificationKey(secret: Array(secret.value.utf8))])
            }
            self.url = nil
        case .publicKey(let path):
            let pem = String(decoding: try Self.content(of: path, "publicKey", endpoint), as: UTF8.self)
            self.fixed = try Self.keys(endpoint, "publicKey: \(path)") { () throws(VerificationKeyError) in
                KeySet([try VerificationKey(pem: pem)])
            }
            self.url = nil
        case .jwks(let place) where ["http://", "https://"].contains(where: place.lowercased().hasPrefix):
            self.fixed = nil
            self.url = place
        case .jwks(let path):
            let content = try Self.content(of: path, "jwks", endpoint)
            self.fixed = try Self.keys(endpoint, "jwks: \(path)") { () throws(KeySetError) in
                try KeySet(jwks: content)
            }
            self.url = nil
        }
    }

    private static func content(of path: String, _ option: String, _ endpoint: String) throws(StartupError) -> [UInt8] {
        if let data = FileManager.default.contents(atPath: path) { return Array(data) }
        let reason = access(path, R_OK) == 0 ? "it is not a file" : String(cString: strerror(errno))
        throw StartupError(
            """
            endpoint \(endpoint): auth.jwt.\(option): the key file \(path) cannot be read: \(reason) (check \
            the path, and that the user of the process may read it)
            """)
    }

    private static func keys<Failure: KeyProblem>(
        _ endpoint: String, _ what: String, _ body: () throws(Failure) -> KeySet
    ) throws(StartupError) -> KeySet {
        do throws(Failure) {
            return try body()
        } catch {
            throw StartupError("endpoint \(endpoint): auth.jwt: \(what): \(error.reason)")
        }
    }

    /// Whether they come from an issuer, now and then.
    var isFetched: Bool { self.url != nil }

    /// The keys that may be used now; `nil` as long as none could be fetched.
    func current(now: ContinuousClock.Instant) -> KeySet? {
        self.fixed ?? self.state.withLock { $0.cache.keys(now: now) }
    }

    /// A token named a key that is not there, or there are no keys at all.
    ///
    /// Returns `false` when looking again would be of no use; otherwise `then` is called, on any thread, when the keys
    /// have been looked for.
    func missed(now: ContinuousClock.Instant, then: @escaping @Sendable () -> Void) -> Bool {
        guard let url = self.url else { return false }
        let result = self.state.withLock { state -> KeySetCache.MissResult in
            guard state.waiting.count < Self.maxWaiting else { return .refuse }
            let result = state.cache.missed(now: now)
            if result != .refuse { state.waiting.append(then) }
            return result
        }
        switch result {
        case .refuse: return false
        case .waitForFetch: return true
        case .fetch:
            Task { await self.fetch(url) }
            return true
        }
    }

    /// Keeps a fetched set fresh until the task is cancelled.
    func keepFresh() async {
        guard let url = self.url else { return }
        while !Task.isCancelled {
            switch self.state.withLock({ $0.cache.tick(now: .now) }) {
            case .fetch: await self.fetch(url)
            case .wait(let until): try? await Task.sleep(until: until, clock: .continuous)
            }
        }
    }

    private func fetch(_ url: String) async {
        let keys: KeySet?
        do {
            keys = try KeySet(jwks: try await KeySetDownload(url).run())
        } catch {
            self.logger.warning(
                "endpoint \(self.endpoint): auth.jwt: key set not fetched, the last one stays in use: \((error as? any KeyProblem)?.reason ?? "\(error)")"
            )
            keys = nil
        }
        let waiting = self.state.withLock { state in
            if let keys { state.cache.fetched(keys, now: .now) } else { state.cache.failed(now: .now) }
            defer { state.waiting = [] }
            return state.waiting
        }
        for body in waiting { body() }
    }
}
