/// Decides whether a token is genuine and meant for us, now.
///
/// RFC 7519 section 7.2, RFC 8725. Synchronous, and bounded by the size of a token and by ``KeySet/attemptLimit``
/// signature checks. Measured on one x86 core: HS256 6 µs, RS256 and PS256 20 µs with 2048 bits and 65 µs with 4096,
/// ES256 65 µs, EdDSA 120 µs; but ES384 0.6 ms and ES512 2.7 ms.
package struct TokenVerifier: Sendable {
    package let policy: TokenPolicy

    package init(policy: TokenPolicy) {
        self.policy = policy
    }

    /// - Parameters:
    ///   - token: as it was sent, without `Bearer`.
    ///   - now: seconds since 1970.
    package func verify(_ token: String, keys: KeySet, now: Int) throws(TokenError) -> VerifiedToken {
        guard token.utf8.count <= TokenPolicy.sizeLimit else { throw .tooLarge }
        return try verify(Array(token.utf8), keys: keys, now: now)
    }

    /// Whether ``verify(_:keys:now:)`` is better not called on an event loop, by the token's own word.
    package func isCostly(_ token: String) -> Bool {
        guard policy.algorithms.contains(where: \.isCostly), token.utf8.count <= TokenPolicy.sizeLimit,
            let parts = try? CompactToken(Array(token.utf8)),
            let algorithm = SignatureAlgorithm(rawValue: parts.algorithm)
        else { return false }
        return algorithm.isCostly && policy.algorithms.contains(algorithm)
    }

    package func verify(_ token: [UInt8], keys: KeySet, now: Int) throws(TokenError) -> VerifiedToken {
        guard token.count <= TokenPolicy.sizeLimit else { throw .tooLarge }
        let parts = try CompactToken(token)
        guard let algorithm = SignatureAlgorithm(rawValue: parts.algorithm), policy.algorithms.contains(algorithm)
        else {
            throw .algorithmNotAllowed
        }
        let candidates = keys.candidates(id: parts.keyID, algorithm: algorithm)
        guard !candidates.isEmpty else { throw .unknownKey }
        guard candidates.contains(where: { $0.isValid(parts.signature, of: parts.signingInput, algorithm: algorithm) })
        else { throw .badSignature }
        // Only what is signed by somebody we know is worth parsing.
        guard let payload = Base64URL.decode(parts.payload) else { throw .malformed }
        let claims = try CompactToken.object(payload, depthLimit: 32, maxNodes: 4096)
        return try ClaimCheck(policy: policy, now: now).check(claims)
    }
}
