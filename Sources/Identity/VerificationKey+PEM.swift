internal import Crypto
internal import CryptoExtras

extension VerificationKey {
    /// - Parameter pem: one public key, `PUBLIC KEY` or `RSA PUBLIC KEY`.
    package init(pem: String) throws(VerificationKeyError) {
        let labels = pem.split(whereSeparator: \.isNewline).filter { $0.hasPrefix("-----BEGIN ") }
        guard let label = labels.first else { throw .notPEM }
        if label.contains("PRIVATE KEY") { throw .privateKey }
        if label.contains("CERTIFICATE") { throw .certificate }
        guard let material = Self.material(pem: pem) else { throw .unsupported }
        if case .rsa(let key) = material, key.keySizeInBits < 2048 {
            throw .rsaTooShort(bits: key.keySizeInBits)
        }
        self.init(id: nil, algorithm: nil, material: material)
    }

    private static func material(pem: String) -> Material? {
        if let key = try? P256.Signing.PublicKey(pemRepresentation: pem) { return .p256(key) }
        if let key = try? P384.Signing.PublicKey(pemRepresentation: pem) { return .p384(key) }
        if let key = try? P521.Signing.PublicKey(pemRepresentation: pem) { return .p521(key) }
        if let key = try? Curve25519.Signing.PublicKey(pemRepresentation: pem) { return .ed25519(key) }
        // Takes keys from 1024 bits, so that a short one is reported as what it is.
        if let key = try? _RSA.Signing.PublicKey(unsafePEMRepresentation: pem) { return .rsa(key) }
        return nil
    }
}
