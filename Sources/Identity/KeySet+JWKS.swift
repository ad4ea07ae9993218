package import JSONScanner

/// Why a document is no key set.
package enum KeySetError: KeyProblem, Hashable, Sendable {
    /// More than 256 KiB.
    case tooLarge
    case notJSON(JSONError)
    /// No object with an array `keys`.
    case noKeys
    case tooManyKeys
    /// There are keys, but none that signatures can be checked with.
    case noUsableKey

    package var reason: String {
        let hint = "(a JSON Web Key Set is expected, RFC 7517: {\"keys\":[…]})"
        return switch self {
        case .tooLarge: "is larger than \(KeySet.sizeLimit) bytes \(hint)"
        case .notJSON(let error): "is not JSON: \(error.reason) at byte \(error.offset) \(hint)"
        case .noKeys: "has no array \"keys\" \(hint)"
        case .tooManyKeys: "has more than \(KeySet.keyLimit) keys (leave out those that sign no tokens)"
        case .noUsableKey: "has no key that signatures can be checked with (RSA, P-256, P-384, P-521 or Ed25519)"
        }
    }
}

extension KeySet {
    /// Bytes of a document.
    package static let sizeLimit = 256 * 1024

    /// - Parameter jwks: a JSON Web Key Set (RFC 7517 section 5). Keys of other kinds and uses, and malformed ones, are
    ///   passed over, as section 5 asks for.
    package init(jwks: [UInt8]) throws(KeySetError) {
        guard jwks.count <= Self.sizeLimit else { throw .tooLarge }
        let document: JSONDocument
        do throws(JSONError) {
            document = try JSONDocument(jwks, depthLimit: 16, maxNodes: 16_384)
        } catch {
            throw .notJSON(error)
        }
        guard let list = document.root["keys"], list.kind == .array else { throw .noKeys }
        guard list.count <= Self.keyLimit else { throw .tooManyKeys }
        self.init(list.elements.compactMap { VerificationKey(jwk: $0) })
        guard !keys.isEmpty else { throw .noUsableKey }
    }
}
