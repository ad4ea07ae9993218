import Crypto
import CryptoExtras

@testable import Identity

/// Makes tokens, good and bad, with keys of all kinds.
struct TestSigner: Sendable {
    enum Key: Sendable {
        case secret([UInt8])
        case rsa(_RSA.Signing.PrivateKey)
        case p256(P256.Signing.PrivateKey)
        case p384(P384.Signing.PrivateKey)
        case p521(P521.Signing.PrivateKey)
        case ed25519(Curve25519.Signing.PrivateKey)
    }

    let key: Key

    static let secret = TestSigner(
        key: .secret(Array("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef".utf8)))
    /// Making one takes a second.
    static let rsa = TestSigner(key: .rsa(try! _RSA.Signing.PrivateKey(keySize: .bits2048)))
    static let p256 = TestSigner(key: .p256(P256.Signing.PrivateKey()))
    static let p384 = TestSigner(key: .p384(P384.Signing.PrivateKey()))
    static let p521 = TestSigner(key: .p521(P521.Signing.PrivateKey()))
    static let ed25519 = TestSigner(key: .ed25519(Curve25519.Signing.PrivateKey()))

    static func forAlgorithm(_ algorithm: SignatureAlgorithm) -> TestSigner {
        switch algorithm {
        case .hs256, .hs384, .hs512: secret
        case .rs256, .rs384, .rs512, .ps256, .ps384, .ps512: rsa
        case .es256: p256
        case .es384: p384
        case .es512: p521
        case .edDSA: ed25519
        }
    }

    func verificationKey(id: String? = nil, algorithm: SignatureAlgorithm? = nil) -> VerificationKey {
        let material: VerificationKey.Material =
            switch key {
            case .secret(let bytes): .secret(SymmetricKey(data: bytes))
            case .rsa(let key): .rsa(key.publicKey)
            case .p256(let key): .p256(key.publicKey)
            case .p384(let key): .p384(key.publicKey)
            case .p521(let key): .p521(key.publicKey)
            case .ed25519(let key): .ed25519(key.publicKey)
            }
        return VerificationKey(id: id, algorithm: algorithm, material: material)
    }

    /// A token with these JSON texts.
    func token(_ claims: String, header: String? = nil, algorithm: SignatureAlgorithm = .hs256) throws -> String {
        try token(Array(claims.utf8), header: header ?? #"{"alg":"\#(algorithm.rawValue)"}"#, algorithm: algorithm)
    }

    func token(_ claims: [UInt8], header: String, algorithm: SignatureAlgorithm) throws -> String {
        let input = Self.base64URL(Array(header.utf8)) + "." + Self.base64URL(claims)
        return try input + "." + Self.base64URL(signature(of: Array(input.utf8), algorithm: algorithm))
    }

    func signature(of message: [UInt8], algorithm: SignatureAlgorithm) throws -> [UInt8] {
        switch (key, algorithm) {
        case (.secret(let secret), .hs384):
            Array(HMAC<SHA384>.authenticationCode(for: message, using: SymmetricKey(data: secret)))
        case (.secret(let secret), .hs512):
            Array(HMAC<SHA512>.authenticationCode(for: message, using: SymmetricKey(data: secret)))
        case (.secret(let secret), _):
            Array(HMAC<SHA256>.authenticationCode(for: message, using: SymmetricKey(data: secret)))
        case (.rsa(let key), .rs384):
            Array(try key.signature(for: SHA384.hash(data: message), padding: .insecurePKCS1v1_5).rawRepresentation)
        case (.rsa(let key), .rs512):
            Array(try key.signature(for: SHA512.hash(data: message), padding: .insecurePKCS1v1_5).rawRepresentation)
        case (.rsa(let key), .ps256):
            Array(try key.signature(for: SHA256.hash(data: message), padding: .PSS).rawRepresentation)
        case (.rsa(let key), .ps384):
            Array(try key.signature(for: SHA384.hash(data: message), padding: .PSS).rawRepresentation)
        case (.rsa(let key), .ps512):
            Array(try key.signature(for: SHA512.hash(data: message), padding: .PSS).rawRepresentation)
        case (.rsa(let key), _):
            Array(try key.signature(for: SHA256.hash(data: message), padding: .insecurePKCS1v1_5).rawRepresentation)
        case (.p256(let key), _): Array(try key.signature(for: SHA256.hash(data: message)).rawRepresentation)
        case (.p384(let key), _): Array(try key.signature(for: SHA384.hash(data: message)).rawRepresentation)
        case (.p521(let key), _): Array(try key.signature(for: SHA512.hash(data: message)).rawRepresentation)
        case (.ed25519(let key), _): Array(try key.signature(for: message))
        }
    }

    static func base64URL(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var text: [UInt8] = []
        var (bits, pending) = (0 as UInt32, 0 as UInt32)
        for byte in bytes {
            (bits, pending) = (bits << 8 | UInt32(byte), pending + 8)
            while pending >= 6 {
                pending -= 6
                text.append(alphabet[Int(bits >> pending & 63)])
            }
        }
        if pending > 0 { text.append(alphabet[Int(bits << (6 - pending) & 63)]) }
        return String(decoding: text, as: UTF8.self)
    }
}
