internal import Crypto
internal import CryptoExtras

extension VerificationKey {
    /// Whether `signature` is this key's under `message`; false when the key does not fit the algorithm.
    package func isValid(
        _ signature: [UInt8], of message: ArraySlice<UInt8>, algorithm: SignatureAlgorithm
    ) -> Bool {
        guard fits(algorithm) else { return false }
        switch material {
        case .secret(let key): return isValid(signature, of: message, secret: key, algorithm: algorithm)
        case .rsa(let key): return isValid(signature, of: message, rsa: key, algorithm: algorithm)
        case .p256(let key):
            guard let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
            return key.isValidSignature(signature, for: SHA256.hash(data: message))
        case .p384(let key):
            guard let signature = try? P384.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
            return key.isValidSignature(signature, for: SHA384.hash(data: message))
        case .p521(let key):
            guard let signature = try? P521.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
            return key.isValidSignature(signature, for: SHA512.hash(data: message))
        case .ed25519(let key):
            return signature.count == 64 && key.isValidSignature(signature, for: message)
        }
    }

    /// Compares in constant time.
    private func isValid(
        _ code: [UInt8], of message: ArraySlice<UInt8>, secret: SymmetricKey, algorithm: SignatureAlgorithm
    ) -> Bool {
        switch algorithm {
        case .hs256: HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: message, using: secret)
        case .hs384: HMAC<SHA384>.isValidAuthenticationCode(code, authenticating: message, using: secret)
        case .hs512: HMAC<SHA512>.isValidAuthenticationCode(code, authenticating: message, using: secret)
        default: false
        }
    }

    private func isValid(
        _ signature: [UInt8], of message: ArraySlice<UInt8>, rsa key: _RSA.Signing.PublicKey,
        algorithm: SignatureAlgorithm
    ) -> Bool {
        // RFC 8017 sections 8.1.2 and 8.2.2: exactly as long as the modulus.
        guard signature.count == (key.keySizeInBits + 7) / 8 else { return false }
        let signature = _RSA.Signing.RSASignature(rawRepresentation: signature)
        switch algorithm {
        case .rs256:
            return key.isValidSignature(signature, for: SHA256.hash(data: message), padding: .insecurePKCS1v1_5)
        case .rs384:
            return key.isValidSignature(signature, for: SHA384.hash(data: message), padding: .insecurePKCS1v1_5)
        case .rs512:
            return key.isValidSignature(signature, for: SHA512.hash(data: message), padding: .insecurePKCS1v1_5)
        case .ps256: return key.isValidSignature(signature, for: SHA256.hash(data: message), padding: .PSS)
        case .ps384: return key.isValidSignature(signature, for: SHA384.hash(data: message), padding: .PSS)
        case .ps512: return key.isValidSignature(signature, for: SHA512.hash(data: message), padding: .PSS)
        default: return false
        }
    }
}
