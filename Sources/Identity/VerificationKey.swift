internal import Crypto
internal import CryptoExtras

/// A key that checks signatures, and the only algorithms that it may be used with.
///
/// The kind of key decides, never the token: a public RSA key is no secret for HMAC, however a token may ask for it.
package struct VerificationKey: Sendable {
    enum Material: Sendable {
        case secret(SymmetricKey)
        case rsa(_RSA.Signing.PublicKey)
        case p256(P256.Signing.PublicKey)
        case p384(P384.Signing.PublicKey)
        case p521(P521.Signing.PublicKey)
        case ed25519(Curve25519.Signing.PublicKey)
    }

    /// The `kid` of the key set that it is from.
    package let id: String?
    /// The one algorithm that the key set allows for it; nil: all that fit its kind.
    package let algorithm: SignatureAlgorithm?
    let material: Material

    init(id: String?, algorithm: SignatureAlgorithm?, material: Material) {
        self.id = id
        self.algorithm = algorithm
        self.material = material
    }

    /// - Parameter secret: at least 32 bytes; 48 and 64 for HS384 and HS512.
    package init(secret: [UInt8]) throws(VerificationKeyError) {
        guard secret.count >= 32 else { throw .secretTooShort(secret.count) }
        self.init(id: nil, algorithm: nil, material: .secret(SymmetricKey(data: secret)))
    }

    /// Whether the key is of the kind that the algorithm needs.
    package func fits(_ algorithm: SignatureAlgorithm) -> Bool {
        guard self.algorithm == nil || self.algorithm == algorithm else { return false }
        switch (material, algorithm) {
        case (.secret(let key), .hs256), (.secret(let key), .hs384), (.secret(let key), .hs512):
            return key.bitCount / 8 >= algorithm.minimumSecretLength ?? .max
        case (.rsa, .rs256), (.rsa, .rs384), (.rsa, .rs512), (.rsa, .ps256), (.rsa, .ps384), (.rsa, .ps512),
            (.p256, .es256), (.p384, .es384), (.p521, .es512), (.ed25519, .edDSA):
            return true
        default: return false
        }
    }
}

/// Why something makes no keys, as an operator reads it.
package protocol KeyProblem: Error {
    /// What it is instead, and what to do; never contains the key.
    var reason: String { get }
}

/// Why something is no key that signatures can be checked with.
///
/// Never contains the key.
package enum VerificationKeyError: KeyProblem, Hashable, Sendable {
    case secretTooShort(Int)
    case notPEM
    case certificate
    case privateKey
    case rsaTooShort(bits: Int)
    /// No public key, or one of a kind that no algorithm here uses.
    case unsupported

    package var reason: String {
        switch self {
        case .secretTooShort(let count): "a secret needs at least 32 bytes (RFC 7518, 3.2); this one has \(count)"
        case .notPEM:
            "is not a PEM file, which has a line \"-----BEGIN PUBLIC KEY-----\" (export the issuer's public key as PEM)"
        case .certificate: "is a certificate; export its public key: openssl x509 -pubkey -noout -in FILE"
        case .privateKey: "is a private key; only the public key belongs here: openssl pkey -pubout -in FILE"
        case .rsaTooShort(let bits): "an RSA key needs at least 2048 bits; this one has \(bits)"
        case .unsupported: "is no public key of RSA, P-256, P-384, P-521 or Ed25519"
        }
    }
}
