internal import JSONScanner

/// Holds the claims of a token whose signature is good against the policy and the clock.
///
/// RFC 7519 section 4.1.
struct ClaimCheck {
    /// Later dates count as this one; whole seconds are exact in a double up to here.
    private static let latestDate: Double = 0x1p53

    let policy: TokenPolicy
    /// Seconds since 1970.
    let now: Int

    func check(_ claims: JSONNode) throws(TokenError) -> VerifiedToken {
        let user = try string(claims["sub"])
        guard user != "" else { throw .invalidClaim }
        let expiresAt = try date(claims["exp"], rounded: .down)
        if let expiresAt {
            guard now < expiresAt + policy.leeway else { throw .expired }
        } else if policy.requiresExpiration {
            throw .missingExpiration
        }
        if let notBefore = try date(claims["nbf"], rounded: .up) {
            guard now >= notBefore - policy.leeway else { throw .notYetValid }
        }
        if let issuedAt = try date(claims["iat"], rounded: .down) {
            guard now >= issuedAt - policy.leeway else { throw .issuedInFuture }
        }
        try checkAudience(claims["aud"])
        let issuer = try string(claims["iss"])
        if let allowed = policy.issuer {
            guard let issuer, Self.contains(allowed, issuer) else { throw .wrongIssuer }
        }
        return VerifiedToken(user: user, claims: claims, expiresAt: expiresAt)
    }

    private func checkAudience(_ claim: JSONNode?) throws(TokenError) {
        var named: [String] = []
        switch claim?.kind {
        case nil: break
        case .array:
            for element in claim?.elements ?? [] {
                guard let text = element.string else { throw .invalidClaim }
                named.append(text)
            }
        default: named = [try string(claim)].compactMap(\.self)
        }
        guard let allowed = policy.audience else { return }
        guard named.contains(where: { Self.contains(allowed, $0) }) else { throw .wrongAudience }
    }

    /// Compares code units: Swift's own comparison would take canonically equivalent names for the same.
    private static func contains(_ list: [String], _ text: String) -> Bool {
        list.contains { $0.utf8.elementsEqual(text.utf8) }
    }

    private func string(_ claim: JSONNode?) throws(TokenError) -> String? {
        guard let claim else { return nil }
        guard let string = claim.string else { throw .invalidClaim }
        return string
    }

    private func date(_ claim: JSONNode?, rounded rule: FloatingPointRoundingRule) throws(TokenError) -> Int? {
        guard let claim else { return nil }
        guard let seconds = claim.double else { throw .invalidClaim }
        return Int(min(max(seconds, -Self.latestDate), Self.latestDate).rounded(rule))
    }
}
