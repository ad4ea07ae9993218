import JSONScanner
import Randomness
import Testing

@testable import Identity

@Suite struct KeySetTests {
    private static let coordinate = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
    private static let zeros = String(repeating: "A", count: 43)

    private func keySet(_ keys: [String]) throws(KeySetError) -> KeySet {
        try KeySet(jwks: Array("{\"keys\":[\(keys.joined(separator: ","))]}".utf8))
    }

    private func with(_ members: String, _ key: String) -> String {
        "{\(members)," + key.dropFirst()
    }

    @Test(
        arguments: [
            (RFCSamples.hs256Key, SignatureAlgorithm.hs256), (RFCSamples.rs256Key, .rs256),
            (RFCSamples.rs256Key, .ps512),
            (RFCSamples.es256Key, .es256), (RFCSamples.es512Key, .es512), (RFCSamples.ed25519Key, .edDSA),
        ])
    func `keys of each kind are read`(key: String, algorithm: SignatureAlgorithm) throws {
        let set = try keySet([key])
        #expect(set.keys.count == 1)
        #expect(set.keys[0].fits(algorithm))
        #expect(set.algorithmsWithoutKey(among: [algorithm]).isEmpty)
    }

    @Test(
        arguments: [
            #"{"kty":"XYZ","x":"AA"}"#, #"{"x":"AA"}"#, "null", "[]", "7", "{}", #"{"kty":7}"#, #"{"kty":"rsa"}"#,
            #"{"kty":"OKP","crv":"X25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
            #"{"kty":"OKP","crv":"Ed448","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
            #"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHUQ"}"#,
            #"{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"}"#, #"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#,
            // Not on the curve.
            #"{"kty":"EC","crv":"P-256","x":"\#(Self.coordinate)","y":"\#(Self.coordinate)"}"#,
            #"{"kty":"EC","crv":"P-256","x":"\#(Self.zeros)","y":"\#(Self.zeros)"}"#,
            #"{"kty":"oct","k":"c2hvcnQ"}"#, #"{"kty":"oct"}"#, #"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#,
            #"{"kty":"RSA","e":"AQAB"}"#,
            RFCSamples.rs256Key.replacing("AQAB", with: "AQ"), RFCSamples.rs256Key.replacing("AQAB", with: ""),
            RFCSamples.rs256Key.replacing("AQAB", with: "AQABAQABAQABAQAB"),
            RFCSamples.rs256Key.replacing("AQAB", with: "AQAA"),
            RFCSamples.rs256Key.replacing("AQAB", with: "AQAB="),
        ])
    func `a key of another kind or a malformed one is passed over`(key: String) throws {
        #expect(throws: KeySetError.noUsableKey) { try keySet([key]) }
        #expect(try keySet([key, RFCSamples.es256Key]).keys.count == 1)
    }

    @Test(
        arguments: [
            #""use":"enc""#, #""use":7"#, #""key_ops":["sign"]"#, #""key_ops":[]"#, #""key_ops":"verify""#,
            #""alg":"ES384""#,
            #""alg":"none""#, #""alg":"HS256""#, #""alg":7"#, #""kid":7"#, #""alg":"ECDH-ES""#,
        ])
    func `a key for another use or algorithm is passed over`(members: String) throws {
        #expect(throws: KeySetError.noUsableKey) { try keySet([with(members, RFCSamples.es256Key)]) }
    }

    @Test(arguments: [
        #""use":"sig""#, #""key_ops":["verify"]"#, #""key_ops":["sign","verify"]"#, #""alg":"ES256""#, #""x5c":["x"]"#,
    ])
    func `a key for checking signatures is not`(members: String) throws {
        #expect(try keySet([with(members, RFCSamples.es256Key)]).keys.count == 1)
    }

    @Test func `an algorithm that is named for a key is its only one`() throws {
        let key = try keySet([with(#""alg":"PS256""#, RFCSamples.rs256Key)]).keys[0]
        #expect(key.fits(.ps256))
        #expect(!key.fits(.rs256))
    }

    @Test(
        arguments: [
            ("", .notJSON(.unexpectedEnd(at: 0))), ("[]", .noKeys), ("{}", .noKeys), (#"{"keys":{}}"#, .noKeys),
            (#"{"keys":[]}"#, .noUsableKey), ("null", .noKeys), (#"{"keys":null}"#, .noKeys),
        ] as [(String, KeySetError)])
    func `what is no key set is refused`(text: String, error: KeySetError) {
        #expect(throws: error) { try KeySet(jwks: Array(text.utf8)) }
    }

    @Test func `at most 64 keys in at most 256 KiB`() throws {
        #expect(try keySet([String](repeating: RFCSamples.ed25519Key, count: 64)).keys.count == 64)
        #expect(throws: KeySetError.tooManyKeys) {
            try keySet([String](repeating: RFCSamples.ed25519Key, count: 65))
        }
        let text = "{\"keys\":[\(RFCSamples.ed25519Key)]}"
        let padded = { text + String(repeating: " ", count: 256 * 1024 - text.utf8.count + $0) }
        #expect(try KeySet(jwks: Array(padded(0).utf8)).keys.count == 1)
        #expect(throws: KeySetError.tooLarge) { try KeySet(jwks: Array(padded(1).utf8)) }
        let deep = Array("{\"keys\":\(String(repeating: "[", count: 100_000))".utf8)
        #expect(throws: KeySetError.notJSON(.tooDeep(at: 23))) { try KeySet(jwks: deep) }
    }

    @Test func `keys of the same id are all tried`() throws {
        let set = try keySet([
            with(#""kid":"a""#, RFCSamples.rs256Key), with(#""kid":"a""#, RFCSamples.es256Key),
            with(#""kid":"b""#, RFCSamples.es256Key),
        ])
        #expect(set.candidates(id: "a", algorithm: .es256).count == 1)
        #expect(set.candidates(id: "a", algorithm: .rs256).count == 1)
        #expect(set.candidates(id: nil, algorithm: .es256).count == 2)
        #expect(set.candidates(id: "c", algorithm: .es256).isEmpty)
        #expect(set.candidates(id: "b", algorithm: .rs256).isEmpty)
        #expect(set.algorithmsWithoutKey(among: [.es256, .es384, .hs256]) == [.es384, .hs256])
    }

    @Test func `a key without an id may be meant by any id, unless another has it`() throws {
        let set = try keySet([RFCSamples.es256Key, with(#""kid":"b""#, RFCSamples.es256Key)])
        #expect(set.candidates(id: "x", algorithm: .es256).map(\.id) == [nil])
        #expect(set.candidates(id: "b", algorithm: .es256).map(\.id) == ["b"])
    }

    @Test func `ids that look alike are different`() throws {
        let set = try keySet([with("\"kid\":\"e\u{301}\"", RFCSamples.es256Key)])
        #expect(set.candidates(id: "é", algorithm: .es256).isEmpty)
        #expect(set.candidates(id: "e\u{301}", algorithm: .es256).count == 1)
    }

    @Test func `few keys are tried for a token that names none`() throws {
        let set = try keySet([String](repeating: RFCSamples.es256Key, count: 20))
        #expect(set.candidates(id: nil, algorithm: .es256).count == KeySet.attemptLimit)
    }

    @Test func `a damaged key set never traps`() {
        var random = SeededRandom(seed: 8)
        let good = Array("{\"keys\":[\(RFCSamples.rs256Key),\(RFCSamples.es256Key),\(RFCSamples.ed25519Key)]}".utf8)
        for _ in 0..<2000 {
            var bytes = good
            for _ in 0...Int.random(in: 0...3, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 32...126, using: &random)
            }
            _ = try? KeySet(jwks: bytes)
        }
    }
}
