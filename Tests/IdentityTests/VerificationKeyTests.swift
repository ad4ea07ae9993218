import Randomness
import Testing

@testable import Identity

@Suite struct VerificationKeyTests {
    private func error(pem: String) -> VerificationKeyError? {
        do throws(VerificationKeyError) {
            _ = try VerificationKey(pem: pem)
            return nil
        } catch {
            return error
        }
    }

    @Test(
        arguments: [
            (OpenSSLSamples.rsa, OpenSSLSamples.tokenRS384), (OpenSSLSamples.rsaPKCS1, OpenSSLSamples.tokenRS384),
            (OpenSSLSamples.rsa, OpenSSLSamples.tokenPS256), (OpenSSLSamples.rsa, OpenSSLSamples.tokenPS512),
            (OpenSSLSamples.p256, OpenSSLSamples.tokenES256), (OpenSSLSamples.p384, OpenSSLSamples.tokenES384),
            (OpenSSLSamples.p521, OpenSSLSamples.tokenES512), (OpenSSLSamples.ed25519, OpenSSLSamples.tokenEdDSA),
        ])
    func `a PEM key checks what OpenSSL signed`(pem: String, token: String) throws {
        let keys = KeySet([try VerificationKey(pem: pem)])
        let verifier = TokenVerifier(policy: TokenPolicy(algorithms: Set(SignatureAlgorithm.allCases)))
        #expect(try verifier.verify(token, keys: keys, now: 1_767_225_600).user == "u42")
    }

    @Test(
        arguments: [
            ("", .notPEM), ("ssh-rsa AAAA", .notPEM), ("{\"kty\":\"RSA\"}", .notPEM),
            (OpenSSLSamples.certificate, .certificate),
            ("-----BEGIN PRIVATE KEY-----\nAA\n-----END PRIVATE KEY-----", .privateKey),
            ("-----BEGIN RSA PRIVATE KEY-----\nAA\n-----END RSA PRIVATE KEY-----", .privateKey),
            ("-----BEGIN EC PRIVATE KEY-----\nAA\n-----END EC PRIVATE KEY-----", .privateKey),
            (OpenSSLSamples.shortRSA, .rsaTooShort(bits: 1024)), (OpenSSLSamples.secp256k1, .unsupported),
            ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", .unsupported),
            ("-----BEGIN PUBLIC KEY-----\n!!\n-----END PUBLIC KEY-----", .unsupported),
            ("-----BEGIN PUBLIC KEY-----", .unsupported),
        ] as [(String, VerificationKeyError)])
    func `what is no usable public key is said to be what it is`(pem: String, expected: VerificationKeyError) {
        #expect(error(pem: pem) == expected)
        #expect(!expected.reason.isEmpty)
    }

    @Test func `a damaged PEM file never traps`() {
        var random = SeededRandom(seed: 5)
        for sample in [OpenSSLSamples.rsa, OpenSSLSamples.rsaPKCS1, OpenSSLSamples.p256, OpenSSLSamples.ed25519] {
            for _ in 0..<200 {
                var bytes = Array(sample.utf8)
                bytes[Int.random(in: 27..<bytes.count, using: &random)] = UInt8.random(in: 32...126, using: &random)
                _ = error(pem: String(decoding: bytes, as: UTF8.self))
            }
        }
    }

    @Test(arguments: [0, 1, 31, 32, 47, 48, 63, 64])
    func `a secret is as long as the hash at least`(length: Int) throws {
        let secret = [UInt8](repeating: 7, count: length)
        guard length >= 32 else {
            #expect(throws: VerificationKeyError.secretTooShort(length)) { try VerificationKey(secret: secret) }
            return
        }
        let key = try VerificationKey(secret: secret)
        #expect(key.fits(.hs256))
        #expect(key.fits(.hs384) == (length >= 48))
        #expect(key.fits(.hs512) == (length >= 64))
    }

    @Test(arguments: SignatureAlgorithm.allCases)
    func `a key fits the algorithms of its kind only`(algorithm: SignatureAlgorithm) throws {
        let key = TestSigner.forAlgorithm(algorithm).verificationKey()
        let family = algorithm.rawValue.prefix(1)
        for other in SignatureAlgorithm.allCases {
            let isSameKind =
                switch family {
                case "H": other.rawValue.hasPrefix("H")
                case "R", "P": other.rawValue.hasPrefix("R") || other.rawValue.hasPrefix("P")
                default: other == algorithm
                }
            #expect(key.fits(other) == isSameKind)
        }
    }

    @Test(arguments: SignatureAlgorithm.allCases)
    func `a signature of any other length, message or bit is not valid`(algorithm: SignatureAlgorithm) throws {
        let signer = TestSigner.forAlgorithm(algorithm)
        let key = signer.verificationKey()
        let message = Array("header.payload".utf8)
        let good = try signer.signature(of: message, algorithm: algorithm)
        #expect(key.isValid(good, of: message[...], algorithm: algorithm))
        #expect(!key.isValid(good, of: message.dropLast(), algorithm: algorithm))
        #expect(!key.isValid(good + [0], of: message[...], algorithm: algorithm))
        #expect(!key.isValid([0] + good, of: message[...], algorithm: algorithm))
        #expect(!key.isValid(Array(good.dropLast()), of: message[...], algorithm: algorithm))
        #expect(!key.isValid([], of: message[...], algorithm: algorithm))
        // All zeros once passed for a signature in more than one implementation of ECDSA.
        #expect(!key.isValid([UInt8](repeating: 0, count: good.count), of: message[...], algorithm: algorithm))
        #expect(!key.isValid([UInt8](repeating: 0xFF, count: good.count), of: message[...], algorithm: algorithm))
        for position in stride(from: 0, to: good.count, by: 17) {
            var bad = good
            bad[position] ^= 1
            #expect(!key.isValid(bad, of: message[...], algorithm: algorithm))
        }
    }
}
