import Crypto
import Routing

/// A secret that handler and gateway share, written `whsec_` and the base 64 of 24 to 64 bytes.
///
/// Standard Webhooks 1.0.
package struct SigningKey: Sendable {
    let key: SymmetricKey

    /// Reads the text form of a key.
    package init(_ text: String) throws(SigningKeyError) {
        let prefix = "whsec_"
        guard text.hasPrefix(prefix) else { throw .missingPrefix }
        guard let bytes = Base64.decode(String(text.dropFirst(prefix.count))) else { throw .invalidBase64 }
        guard (24...64).contains(bytes.count) else { throw .wrongLength(bytes.count) }
        key = SymmetricKey(data: bytes)
    }
}

/// Why a text is no signing key.
///
/// Never contains the text.
package enum SigningKeyError: Error, Hashable, Sendable {
    case missingPrefix
    case invalidBase64
    case wrongLength(Int)

    package var reason: String {
        switch self {
        case .missingPrefix: "a signing key starts with \"whsec_\""
        case .invalidBase64: "what follows \"whsec_\" is not base 64"
        case .wrongLength(let count): "a signing key has 24 to 64 bytes; this one has \(count)"
        }
    }
}
