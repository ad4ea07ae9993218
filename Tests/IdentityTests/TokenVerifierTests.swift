import Randomness
import Testing

@testable import Identity

@Suite struct TokenVerifierTests {
    private static let now = 1_767_225_600
    private static let claims = #"{"sub":"u42","exp":1767229200}"#

    private func verify(
        _ token: String, keys: [VerificationKey]? = nil, policy: TokenPolicy? = nil, now: Int = now
    ) throws(TokenError) -> VerifiedToken {
        let keys = keys ?? [TestSigner.secret.verificationKey()]
        return try TokenVerifier(policy: policy ?? TokenPolicy(algorithms: [.hs256]))
            .verify(token, keys: KeySet(keys), now: now)
    }

    private func error(
        _ token: String, keys: [VerificationKey]? = nil, policy: TokenPolicy? = nil, now: Int = now
    ) -> TokenError? {
        do throws(TokenError) {
            _ = try verify(token, keys: keys, policy: policy, now: now)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: SignatureAlgorithm.allCases)
    func `a token of each algorithm is accepted, and its claims are kept byte for byte`(
        algorithm: SignatureAlgorithm
    ) throws {
        let claims = #"{ "sub":"u42", "exp":1767229200, "big":1e400, "nested":{"role":"admin","é":[1, 2]}}"#
        let signer = TestSigner.forAlgorithm(algorithm)
        let token = try signer.token(claims, algorithm: algorithm)
        let verified = try verify(
            token, keys: [signer.verificationKey()], policy: TokenPolicy(algorithms: [algorithm]))
        #expect(verified.user == "u42")
        #expect(verified.expiresAt == 1_767_229_200)
        #expect(verified.claimsJSON == Array(claims.utf8))
        #expect(verified.claim(["nested", "role"]) == Array(#""admin""#.utf8))
        #expect(verified.claim(["nested", "é"]) == Array("[1, 2]".utf8))
        #expect(verified.claim(["big"]) == Array("1e400".utf8))
        #expect(verified.claim(["nested", "none"]) == nil)
        #expect(verified.claim(["sub", "none"]) == nil)
        #expect(verified.claim([]) == verified.claimsJSON)
    }

    @Test(
        arguments: [
            (RFCSamples.hs256, RFCSamples.hs256Key), (RFCSamples.rs256, RFCSamples.rs256Key),
            (RFCSamples.es256, RFCSamples.es256Key),
        ])
    func `the examples of RFC 7515 are accepted until they expire`(token: String, key: String) throws {
        let keys = try KeySet(jwks: Array("{\"keys\":[\(key)]}".utf8)).keys
        let policy = TokenPolicy(algorithms: [.hs256, .rs256, .es256], issuer: ["joe"])
        let verified = try verify(token, keys: keys, policy: policy, now: 1_300_819_380 + 29)
        #expect(verified.user == nil)
        #expect(verified.claim(["http://example.com/is_root"]) == Array("true".utf8))
        #expect(error(token, keys: keys, policy: policy, now: 1_300_819_380 + 30) == .expired)
        #expect(error(token, keys: keys, policy: policy) == .expired)
    }

    @Test(
        arguments: [(RFCSamples.es512, RFCSamples.es512Key), (RFCSamples.ed25519, RFCSamples.ed25519Key)])
    func `the examples whose payload is no JSON are genuine, and malformed`(token: String, key: String) throws {
        let keys = try KeySet(jwks: Array("{\"keys\":[\(key)]}".utf8)).keys
        let policy = TokenPolicy(algorithms: [.es512, .edDSA])
        #expect(error(token, keys: keys, policy: policy) == .malformed)
        let changed = token.replacing("RXhh", with: "RXhi").replacing("UGF5", with: "UGF6")
        #expect(changed != token)
        #expect(error(changed, keys: keys, policy: policy) == .badSignature)
    }

    @Test(
        arguments: [
            (#"{"alg":"none"}"#, .algorithmNotAllowed), (#"{"alg":"None"}"#, .algorithmNotAllowed),
            (#"{"alg":"hs256"}"#, .algorithmNotAllowed), (#"{"alg":"HS384"}"#, .algorithmNotAllowed),
            (#"{"alg":"RS256"}"#, .algorithmNotAllowed), (#"{"alg":"HS256 "}"#, .algorithmNotAllowed),
            (#"{"alg":""}"#, .algorithmNotAllowed), (#"{"alg":"A128KW"}"#, .algorithmNotAllowed), (#"{}"#, .malformed),
            (#"{"alg":null}"#, .malformed), (#"{"alg":["HS256"]}"#, .malformed), (#"{"alg":256}"#, .malformed),
            (#"["HS256"]"#, .malformed), (#""HS256""#, .malformed), ("", .malformed), ("{", .malformed),
            (#"{"alg":"HS256"}x"#, .malformed), (#"{"alg":"none","alg":"HS256"}"#, .malformed),
            (#"{"alg":"HS256","alg":"HS256"}"#, .malformed), (#"{"alg":"HS256","\u0061lg":"HS256"}"#, .malformed),
            (#"{"alg":"HS256","kid":7}"#, .malformed), (#"{"alg":"HS256","kid":null}"#, .malformed),
            (#"{"alg":"HS256","crit":["exp"]}"#, .critical), (#"{"alg":"HS256","crit":[]}"#, .critical),
            (#"{"alg":"HS256","crit":null}"#, .critical), (#"{"alg":"HS256","b64":false}"#, .critical),
            (#"{"alg":"HS256","b64":false,"crit":["b64"]}"#, .critical),
            (#"{"alg":"HS256"}"#, nil), (#"{"alg":"HS256","typ":"JWT"}"#, nil),
            (#"{"alg":"HS256","typ":"at+jwt"}"#, nil),
            (#"{ "alg" : "HS256" }"#, nil), (#"{"alg":"\u0048S256"}"#, nil),
            // Keys and addresses of keys in the header are nobody's business.
            (
                #"{"alg":"HS256","jku":"http://localhost/","jwk":{"kty":"oct","k":"AAAA"},"x5u":"file:///etc/passwd"}"#,
                nil
            ),
        ] as [(String, TokenError?)])
    func `only a header that pins the configured algorithm is accepted`(header: String, expected: TokenError?) throws {
        #expect(error(try TestSigner.secret.token(Self.claims, header: header)) == expected)
    }

    @Test(
        arguments: [
            "../../../../dev/null", "/etc/passwd", "' OR 1=1 --", "file:///dev/null", "\\u0000", "b", "a ", "A",
            String(repeating: "k", count: 4000),
        ])
    func `a key id is looked up in the set and nowhere else`(id: String) throws {
        let token = try TestSigner.secret.token(Self.claims, header: #"{"alg":"HS256","kid":"\#(id)"}"#)
        #expect(error(token, keys: [TestSigner.secret.verificationKey(id: "a")]) == .unknownKey)
        #expect(error(token, keys: [TestSigner.secret.verificationKey()]) == nil)
    }

    @Test func `the key that the token names is used, the others are not`() throws {
        let other = TestSigner(key: .secret([UInt8](repeating: 1, count: 32)))
        let keys = [other.verificationKey(id: "old"), TestSigner.secret.verificationKey(id: "new")]
        #expect(
            error(try TestSigner.secret.token(Self.claims, header: #"{"alg":"HS256","kid":"new"}"#), keys: keys) == nil)
        #expect(error(try other.token(Self.claims, header: #"{"alg":"HS256","kid":"old"}"#), keys: keys) == nil)
        #expect(
            error(try other.token(Self.claims, header: #"{"alg":"HS256","kid":"new"}"#), keys: keys) == .badSignature)
        #expect(error(try other.token(Self.claims), keys: keys) == nil)
        #expect(error(try TestSigner.secret.token(Self.claims), keys: []) == .unknownKey)
    }

    @Test func `a public key is no secret, whatever the token says`() throws {
        let key = try VerificationKey(pem: OpenSSLSamples.rsa)
        // The attack signs with the bytes of the public key, in every form that it is published in.
        for text in [OpenSSLSamples.rsa, OpenSSLSamples.rsa + "\n", OpenSSLSamples.rsaPKCS1] {
            let token = try TestSigner(key: .secret(Array(text.utf8))).token(Self.claims)
            #expect(error(token, keys: [key], policy: TokenPolicy(algorithms: [.rs256])) == .algorithmNotAllowed)
            #expect(error(token, keys: [key], policy: TokenPolicy(algorithms: [.rs256, .hs256])) == .unknownKey)
        }
        let token = try TestSigner.p256.token(Self.claims, algorithm: .es256)
        let policy = TokenPolicy(algorithms: Set(SignatureAlgorithm.allCases))
        #expect(error(token, keys: [key], policy: policy) == .unknownKey)
        #expect(error(token, keys: [TestSigner.p384.verificationKey()], policy: policy) == .unknownKey)
    }

    @Test(
        arguments: [
            ("", .malformed), (".", .malformed), ("..", .malformed), ("...", .malformed), ("a.b", .malformed),
            (RFCSamples.none, .algorithmNotAllowed), ("eyJhbGciOiJIUzI1NiJ9..", .badSignature),
            ("eyJhbGciOiJIUzI1NiJ9.e30.", .badSignature),
            ("eyJhbGciOiJIUzI1NiJ9.e30.AA==", .malformed), ("eyJhbGciOiJIUzI1NiJ9.e30.A", .malformed),
            ("eyJhbGciOiJIUzI1NiJ9=.e30.AA", .malformed), (" eyJhbGciOiJIUzI1NiJ9.e30.AA", .malformed),
            ("eyJhbGciOiJIUzI1NiJ9.e30.AA\n", .malformed), ("eyJhbGciOiJIUzI1NiJ9.e30.AA.AA.AA", .malformed),
            ("eyJhbGciOiJIUzI1NiJ9.e30.A/", .malformed), ("Bearer eyJhbGciOiJIUzI1NiJ9.e30.AA", .malformed),
            ("{\"payload\":\"e30\",\"signatures\":[]}", .malformed), ("\u{0}.\u{0}.\u{0}", .malformed),
            ("é.é.é", .malformed),
        ] as [(String, TokenError)])
    func `what is not three parts of base64url is malformed`(token: String, expected: TokenError) {
        #expect(error(token) == expected)
    }

    @Test func `every other token than the signed one is refused`() throws {
        let token = Array(try TestSigner.secret.token(Self.claims).utf8)
        let alphabet = Array("ABab01-_.=".utf8)
        for position in token.indices {
            for byte in alphabet where byte != token[position] {
                var bad = token
                bad[position] = byte
                if error(String(decoding: bad, as: UTF8.self)) == nil { Issue.record("\(position)") }
            }
            if error(String(decoding: token[..<position], as: UTF8.self)) == nil { Issue.record("\(position)") }
        }
    }

    @Test func `a token beyond 8 KiB is refused before anything else`() throws {
        #expect(error(String(repeating: "x", count: 64 * 1024)) == .tooLarge)
        #expect(error(String(repeating: "x", count: 8193)) == .tooLarge)
        #expect(error(String(repeating: "x", count: 8192)) == .malformed)
        let padded = { (count: Int) in
            try TestSigner.secret.token(
                #"{"exp":1767229200,"x":"\#(String(repeating: "x", count: count))"}"#)
        }
        #expect(error(try padded(6000)) == nil)
        #expect(error(try padded(6200)) == .tooLarge)
    }

    @Test(
        arguments: [
            (#"{"exp":1767225601}"#, nil), (#"{"exp":1767225600}"#, nil), (#"{"exp":1767225571}"#, nil),
            (#"{"exp":1767225570}"#, .expired), (#"{"exp":1767225570.9}"#, .expired), (#"{"exp":0}"#, .expired),
            (#"{"exp":-1}"#, .expired), (#"{"exp":-1e300}"#, .expired), (#"{"exp":1e300}"#, nil),
            (#"{"exp":9223372036854775807}"#, nil), (#"{"exp":-9223372036854775808}"#, .expired),
            (#"{"exp":1.767229200e9}"#, nil),
            (#"{"exp":"1767229200"}"#, .invalidClaim), (#"{"exp":null}"#, .invalidClaim),
            (#"{"exp":true}"#, .invalidClaim),
            (#"{"exp":1e400}"#, .invalidClaim), (#"{"exp":[1767229200]}"#, .invalidClaim), (#"{}"#, .missingExpiration),
            (#"{"exp":1767229200,"nbf":1767225630}"#, nil), (#"{"exp":1767229200,"nbf":1767225631}"#, .notYetValid),
            (#"{"exp":1767229200,"nbf":1767225630.1}"#, .notYetValid),
            (#"{"exp":1767229200,"nbf":"0"}"#, .invalidClaim),
            (#"{"exp":1767229200,"nbf":1e300}"#, .notYetValid), (#"{"exp":1767229200,"nbf":-1e300}"#, nil),
            (#"{"exp":1767229200,"iat":1767225630}"#, nil), (#"{"exp":1767229200,"iat":1767225631}"#, .issuedInFuture),
            (#"{"exp":1767229200,"iat":{}}"#, .invalidClaim), (#"{"exp":1767229200,"iat":0}"#, nil),
            (#"{"exp":1767229200,"sub":"u42"}"#, nil), (#"{"exp":1767229200,"sub":42}"#, .invalidClaim),
            (#"{"exp":1767229200,"sub":null}"#, .invalidClaim), (#"{"exp":1767229200,"sub":""}"#, .invalidClaim),
            (#"{"exp":1767229200,"sub":["u42"]}"#, .invalidClaim), (#"{"exp":1767229200,"aud":7}"#, .invalidClaim),
            (#"{"exp":1767229200,"aud":["a",7]}"#, .invalidClaim), (#"{"exp":1767229200,"iss":{}}"#, .invalidClaim),
            (#"{"exp":1767229200,"sub":"a","sub":"b"}"#, .malformed), (#"{"exp":0,"exp":1767229200}"#, .malformed),
            (#"{"exp":1767229200,"s\u0075b":"a","sub":"b"}"#, .malformed), (#"[{"exp":1767229200}]"#, .malformed),
            ("null", .malformed),
            ("", .malformed), (#"{"exp":1767229200"#, .malformed), (#"{"exp":1767229200}{}"#, .malformed),
        ] as [(String, TokenError?)])
    func `dates and types of a genuine token are checked, with thirty seconds of leeway`(
        claims: String, expected: TokenError?
    ) throws {
        #expect(error(try TestSigner.secret.token(claims)) == expected)
    }

    @Test func `claims nested too deeply or that are no UTF-8 are malformed`() throws {
        let deep = #"{"exp":1767229200,"x":\#(String(repeating: "[", count: 40))\#(String(repeating: "]", count: 40))}"#
        #expect(error(try TestSigner.secret.token(deep)) == .malformed)
        let bytes = Array(#"{"exp":1767229200,"sub":""#.utf8) + [0xFF] + Array(#""}"#.utf8)
        #expect(error(try TestSigner.secret.token(bytes, header: #"{"alg":"HS256"}"#, algorithm: .hs256)) == .malformed)
    }

    @Test func `a token without an expiry is accepted when that is configured`() throws {
        let policy = TokenPolicy(algorithms: [.hs256], requiresExpiration: false)
        let verified = try verify(try TestSigner.secret.token(#"{"sub":"a"}"#), policy: policy)
        #expect(verified.expiresAt == nil)
        #expect(error(try TestSigner.secret.token(#"{"exp":0}"#), policy: policy) == .expired)
    }

    @Test(
        arguments: [
            (#""aud":"gatehouse""#, nil), (#""aud":["other","gatehouse"]"#, nil), (#""aud":"other""#, .wrongAudience),
            (#""aud":[]"#, .wrongAudience), (#""aud":"Gatehouse""#, .wrongAudience),
            (#""aud":"gatehouse/""#, .wrongAudience),
            (#""x":1"#, .wrongAudience), (#""aud":null"#, .invalidClaim), (#""aud":"gatehous\u0065""#, nil),
        ] as [(String, TokenError?)])
    func `the audience is checked when it is configured`(claim: String, expected: TokenError?) throws {
        let policy = TokenPolicy(algorithms: [.hs256], audience: ["gatehouse"])
        #expect(error(try TestSigner.secret.token("{\"exp\":1767229200,\(claim)}"), policy: policy) == expected)
    }

    @Test(
        arguments: [
            (#""iss":"https://id.example.com""#, nil), (#""iss":"https://id.example.com/""#, .wrongIssuer),
            (#""iss":"https://evil.example""#, .wrongIssuer), (#""x":1"#, .wrongIssuer), (#""iss":""#, .malformed),
            (#""iss":["https://id.example.com"]"#, .invalidClaim), (#""iss":"""#, .wrongIssuer),
        ] as [(String, TokenError?)])
    func `the issuer is checked when it is configured`(claim: String, expected: TokenError?) throws {
        let policy = TokenPolicy(algorithms: [.hs256], issuer: ["https://id.example.com"])
        #expect(error(try TestSigner.secret.token("{\"exp\":1767229200,\(claim)}"), policy: policy) == expected)
    }

    @Test func `what a forged token says is not looked at`() throws {
        let forger = TestSigner(key: .secret([UInt8](repeating: 1, count: 32)))
        for claims in ["{}", "null", "{\"exp\":0}", String(repeating: "[", count: 5000)] {
            #expect(error(try forger.token(claims)) == .badSignature)
        }
    }

    @Test func `all reasons have their own label, and clients see one message`() {
        #expect(Set(TokenError.allCases.map(\.rawValue)).count == TokenError.allCases.count)
        #expect(TokenError.allCases.filter(\.isTemporary) == [.keysUnavailable, .overloaded])
        #expect(TokenError.clientMessage == "unauthorized")
    }

    @Test(arguments: 1...8)
    func `arbitrary and damaged tokens never trap and are never accepted`(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let good = Array(try TestSigner.secret.token(Self.claims, header: #"{"alg":"HS256","kid":"a"}"#).utf8)
        let alphabet = Array("eyJhbGciOiJIUzI1NiJ9.-_=\" {}[]".utf8)
        for _ in 0..<1000 {
            var bytes = good
            if Bool.random(using: &random) {
                bytes = (0..<Int.random(in: 0...200, using: &random)).map { _ in alphabet.randomElement(using: &random)!
                }
            } else {
                for _ in 0...Int.random(in: 0...3, using: &random) {
                    let position = Int.random(in: 0..<bytes.count, using: &random)
                    if Bool.random(using: &random) {
                        bytes[position] = UInt8.random(in: 0...255, using: &random)
                    } else {
                        bytes.remove(at: position)
                    }
                }
            }
            guard bytes != good else { continue }
            let token = String(decoding: bytes, as: UTF8.self)
            if error(token) == nil { Issue.record("\(token)") }
        }
    }

    @Test func `signed claims of any content never trap`() throws {
        var random = SeededRandom(seed: 77)
        let pieces = [
            #""exp":"#, #""nbf":"#, #""iat":"#, #""aud":"#, #""sub":"#, "1e308", "-1e308", "9e18",
            "-9223372036854775809", "[", "]", "{", "}",
            ",", "null", #""x""#, "0.5", "1767229200",
        ]
        for _ in 0..<3000 {
            let inner = (0..<Int.random(in: 0...6, using: &random)).map { _ in pieces.randomElement(using: &random)! }
            _ = error(try TestSigner.secret.token("{" + inner.joined() + "}"))
        }
    }
}
