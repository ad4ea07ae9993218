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
        self.entries = keys.map { (Self.digest($0.secret.value), $0.scopes) }
    }

    /// Without keys everything is allowed: such a listener is on loopback or a unix socket.
    var isEmpty: Bool { self.entries.isEmpty }

    /// - Parameter authorization: the value of the header field.
    func check(_ authorization: String?, for scope: Scope) -> Verdict {
        guard !self.isEmpty else { return .allowed }
        guard let token = authorization.flatMap(Self.bearerToken) else { return .unknownKey }
        let presented = Self.digest(token)
        // All of them, so that the time tells nothing; digests compare in constant time. `admin` may do everything.
        var isKnown = false
        var isAllowed = false
        for entry in self.entries where entry.digest == presented {
            isKnown = true
            if entry.scopes.contains(scope) || entry.scopes.contains(.admin) { isAllowed = true }
        }
        return isAllowed ? .allowed : isKnown ? .missingScope : .unknownKey
    }

    /// What a presented key is compared with: digests, never the keys themselves.
    var digests: [SHA256Digest] { self.entries.map(\.digest) }

    /// As long for every key, so that neither a key's length nor how it begins shows in the time of a comparison.
    static func digest(_ key: String) -> SHA256Digest { SHA256.hash(data: Array(key.utf8)) }

    /// The token of `Bearer <token>` (RFC 6750); the scheme in any case.
    static func bearerToken(_ field: String) -> String? {
        let parts = field.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        let token = parts[1].drop { $0 == " " }
        return token.isEmpty ? nil : String(token)
    }
}
