/// How a token is signed: the `alg` of its header.
///
/// RFC 7518 section 3.1, RFC 8037. `none` is not among them.
package enum SignatureAlgorithm: String, Hashable, Sendable, CaseIterable {
    case hs256 = "HS256"
    case hs384 = "HS384"
    case hs512 = "HS512"
    case rs256 = "RS256"
    case rs384 = "RS384"
    case rs512 = "RS512"
    case ps256 = "PS256"
    case ps384 = "PS384"
    case ps512 = "PS512"
    case es256 = "ES256"
    case es384 = "ES384"
    case es512 = "ES512"
    /// With the curve Ed25519.
    case edDSA = "EdDSA"

    /// Checking one signature takes so long (0.6 ms and 2.7 ms) that it should not happen on an event loop.
    package var isCostly: Bool { self == .es384 || self == .es512 }

    /// Bytes of the shortest secret that RFC 7518 section 3.2 allows; nil for public keys.
    package var minimumSecretLength: Int? {
        switch self {
        case .hs256: 32
        case .hs384: 48
        case .hs512: 64
        default: nil
        }
    }
}
