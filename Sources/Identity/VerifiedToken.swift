internal import JSONScanner

/// What a genuine token says.
package struct VerifiedToken: Sendable {
    /// The `sub` claim.
    package let user: String?
    /// The `exp` claim, seconds since 1970; the leeway is not in it.
    package let expiresAt: Int?
    private let claims: JSONNode

    init(user: String?, claims: JSONNode, expiresAt: Int?) {
        self.user = user
        self.claims = claims
        self.expiresAt = expiresAt
    }

    /// The payload, a JSON object, byte for byte as it was signed; without blanks around it.
    package var claimsJSON: [UInt8] { Array(claims.raw) }

    /// The JSON of a claim as it was signed; nil when there is none.
    ///
    /// The path leads through nested objects; an empty one to all claims.
    package func claim(_ path: [String]) -> [UInt8]? {
        var node = claims
        for name in path {
            guard let next = node[name] else { return nil }
            node = next
        }
        return Array(node.raw)
    }
}
