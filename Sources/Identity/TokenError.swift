/// Why a token is not accepted; the raw value is a label of metrics.
///
/// The client gets ``clientMessage`` for all of them: which check failed is of use to an attacker only.
package enum TokenError: String, Error, Hashable, Sendable, CaseIterable {
    /// The endpoint requires a token, and there is none.
    case missing
    case tooLarge
    /// Not three parts of base64url with JSON objects in the first two, or a member twice.
    case malformed
    /// The header demands that an extension is understood (`crit`).
    case critical
    /// Not in the configured list: `none`, and whatever else the issuer does not use.
    case algorithmNotAllowed
    /// No key of that id, or none of a kind that fits the algorithm.
    case unknownKey
    /// The key set could not be fetched for too long: not the token's fault.
    case keysUnavailable
    /// Too many tokens of a costly algorithm wait to be verified: not the token's fault either.
    case overloaded
    case badSignature
    /// A claim that is checked is not of the type that RFC 7519 gives it.
    case invalidClaim
    case missingExpiration
    case expired
    case notYetValid
    /// `iat` is in the future.
    case issuedInFuture
    case wrongAudience
    case wrongIssuer
    /// Sent to extend a connection that is somebody else's.
    case wrongUser

    /// What the client is told, whatever the reason.
    package static let clientMessage = "unauthorized"

    /// Whether the same token may be accepted a little later, so that the client should not be told to stay away.
    package var isTemporary: Bool { self == .keysUnavailable || self == .overloaded }
}
