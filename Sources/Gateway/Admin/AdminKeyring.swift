import Configuration
import Crypto

/// Who may do what.
///
/// Keeps digests, so that comparing takes the same time whatever is presented.
struct AdminKeyring: Sendable {
    typealias Scope = GatewayConfiguration.AdminKey.Scope

    enum Verdict: Hashable, Sendable {
        case allowed
        /// No key, or one that we do not know.
        case unknownKey
        /// A key of ours, for something else.
        case missingScope
    }

    private let entries: [(digest: SHA256Digest, scopes: Set<Scope>)]

    init(_ keys: [GatewayConfiguration.AdminKey]) {
        self.entries = keys.map { (SHA256.hash(data: Array($0.secret.value.utf8)), $0.scopes) }
    }

    /// Without keys everything is allowed: such a listener is on loopback or a unix socket.
    var isEmpty: Bool { self.entries.isEmpty }

    /// - Parameter authorization: the value of the header field.
    func check(_ authorization: String?, for scope: Scope) -> Verdict {
        guard !self.isEmpty else { return .allowed }
        guard let token = authorization.flatMap(Self.bearerToken) else { return .unknownKey }
        let presented = SHA256.hash(data: Array(token.utf8))
        // All of them, so that the time tells nothing; digests compare in constant time. `admin` may do everything.
        var isKnown = false
        var isAllowed = false
        for entry in self.entries where entry.digest == presented {
            isKnown = true
            if entry.scopes.contains(scope) || entry.scopes.contains(.admin) { isAllowed = true }
        }
        return isAllowed ? .allowed : isKnown ? .missingScope : .unknownKey
    }

    /// The token of `Bearer <token>` (RFC 6750); the scheme in any case.
    static func bearerToken(_ field: String) -> String? {
        let parts = field.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        let token = parts[1].drop { $0 == " " }
        return token.isEmpty ? nil : String(token)
    }
}
