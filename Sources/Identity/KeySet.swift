/// The keys that tokens may be signed with, as they are at one moment.
package struct KeySet: Sendable {
    /// Keys beyond these are refused: issuers publish two to five.
    package static let keyLimit = 64
    /// Keys that are tried for a token that names none.
    ///
    /// Checking a signature takes up to some milliseconds, and whoever sends a token makes us do it.
    static let attemptLimit = 4

    package let keys: [VerificationKey]

    package init(_ keys: [VerificationKey]) {
        self.keys = keys
    }

    /// The keys that may have signed a token with this header, at most ``attemptLimit``.
    ///
    /// The id is compared and never used for anything else. A key without an id may be meant by any.
    func candidates(id: String?, algorithm: SignatureAlgorithm) -> [VerificationKey] {
        let fitting = keys.lazy.filter { $0.fits(algorithm) }
        guard let id else { return Array(fitting.prefix(Self.attemptLimit)) }
        let named = fitting.filter { $0.id.map { $0.utf8.elementsEqual(id.utf8) } ?? false }.prefix(Self.attemptLimit)
        guard named.isEmpty else { return Array(named) }
        return Array(fitting.filter { $0.id == nil }.prefix(Self.attemptLimit))
    }

    /// Those of the configured algorithms that no key here can check.
    package func algorithmsWithoutKey(among algorithms: Set<SignatureAlgorithm>) -> Set<SignatureAlgorithm> {
        algorithms.filter { algorithm in !keys.contains { $0.fits(algorithm) } }
    }
}
