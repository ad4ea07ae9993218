internal import Crypto
internal import CryptoExtras
internal import JSONScanner

extension VerificationKey {
    /// A modulus of 8192 bits: beyond that, checking one signature takes milliseconds.
    private static let modulusLimit = 1024

    /// nil when the key is not for checking signatures, not of a kind that is used here, or malformed.
    init?(jwk: JSONNode) {
        guard jwk.kind == .object, Self.isForVerifying(jwk) else { return nil }
        var algorithm: SignatureAlgorithm?
        if let name = jwk["alg"] {
            // A key that is for an algorithm which is unknown here is for none.
            guard let known = name.string.flatMap(SignatureAlgorithm.init) else { return nil }
            algorithm = known
        }
        if let id = jwk["kid"], id.string == nil { return nil }
        guard let material = Self.material(jwk) else { return nil }
        self.init(id: jwk["kid"]?.string, algorithm: algorithm, material: material)
        guard algorithm.map({ fits($0) }) ?? true else { return nil }
    }

    private static func isForVerifying(_ jwk: JSONNode) -> Bool {
        if let use = jwk["use"], use.string != "sig" { return false }
        guard let operations = jwk["key_ops"] else { return true }
        return operations.elements.contains { $0.string == "verify" }
    }

    private static func material(_ jwk: JSONNode) -> Material? {
        switch jwk["kty"]?.string {
        case "oct":
            guard let secret = bytes(jwk["k"]), (32...modulusLimit).contains(secret.count) else { return nil }
            return .secret(SymmetricKey(data: secret))
        case "RSA":
            guard let modulus = bytes(jwk["n"]), let exponent = bytes(jwk["e"]), exponent.count <= 8,
                (256...modulusLimit).contains(modulus.drop { $0 == 0 }.count)
            else { return nil }
            return (try? _RSA.Signing.PublicKey(n: modulus, e: exponent)).map { .rsa($0) }
        case "EC": return curveMaterial(jwk)
        case "OKP":
            guard jwk["crv"]?.string == "Ed25519", let point = bytes(jwk["x"]), point.count == 32 else { return nil }
            return (try? Curve25519.Signing.PublicKey(rawRepresentation: point)).map { .ed25519($0) }
        default: return nil
        }
    }

    private static func curveMaterial(_ jwk: JSONNode) -> Material? {
        guard let x = bytes(jwk["x"]), let y = bytes(jwk["y"]), x.count == y.count else { return nil }
        // The initializers check that the point is on the curve.
        switch (jwk["crv"]?.string, x.count) {
        case ("P-256", 32): return (try? P256.Signing.PublicKey(rawRepresentation: x + y)).map { .p256($0) }
        case ("P-384", 48): return (try? P384.Signing.PublicKey(rawRepresentation: x + y)).map { .p384($0) }
        case ("P-521", 66): return (try? P521.Signing.PublicKey(rawRepresentation: x + y)).map { .p521($0) }
        default: return nil
        }
    }

    private static func bytes(_ member: JSONNode?) -> [UInt8]? {
        member?.string.flatMap { Base64URL.decode(Array($0.utf8)[...]) }
    }
}
