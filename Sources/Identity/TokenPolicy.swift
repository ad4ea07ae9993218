/// What a token has to be like, apart from its signature.
package struct TokenPolicy: Hashable, Sendable {
    /// Bytes of a token; with cookies and other headers it has to fit into a request's head.
    package static let sizeLimit = 8 * 1024

    /// The only ones that are accepted, whatever a token's header says.
    package var algorithms: Set<SignatureAlgorithm>
    /// Of which `aud` has to name one; nil: not looked at.
    package var audience: [String]?
    /// Of which `iss` has to be one; nil: not looked at.
    package var issuer: [String]?
    /// How far the issuer's clock may be from ours, in seconds.
    package var leeway: Int
    /// Whether a token without `exp` is refused.
    package var requiresExpiration: Bool

    package init(
        algorithms: Set<SignatureAlgorithm>, audience: [String]? = nil, issuer: [String]? = nil, leeway: Int = 30,
        requiresExpiration: Bool = true
    ) {
        self.algorithms = algorithms
        self.audience = audience
        self.issuer = issuer
        self.leeway = min(max(leeway, 0), 3600)
        self.requiresExpiration = requiresExpiration
    }
}
