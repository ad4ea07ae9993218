import Configuration
import Crypto
import Testing

@testable import Configuration
@testable import Gateway

@Suite struct AdminKeyringTests {
    private let keyring = AdminKeyring(AdminFixture.keyed.keys)

    @Test func `without keys everything is allowed`() {
        #expect(AdminKeyring([]).check(nil, for: .admin) == .allowed)
    }

    @Test(arguments: [
        nil, "", "Bearer", "Bearer ", "Bearer wrong", "Basic secret of read", "secret of read", "Bearer secret of",
        "Bearer secret of read ",
    ])
    func `what is not a key of ours is unknown`(field: String?) {
        #expect(self.keyring.check(field, for: .read) == .unknownKey)
    }

    @Test func `a key is good for its own scope, and that of an administrator for all`() {
        #expect(self.keyring.check("Bearer secret of read", for: .read) == .allowed)
        #expect(self.keyring.check("bearer  secret of read", for: .read) == .allowed)
        #expect(self.keyring.check("Bearer secret of read", for: .emit) == .missingScope)
        #expect(self.keyring.check("Bearer secret of emit", for: .read) == .missingScope)
        #expect(self.keyring.check("Bearer secret of emit", for: .admin) == .missingScope)
        for scope in AdminKeyring.Scope.allCases {
            #expect(self.keyring.check("Bearer secret of admin", for: scope) == .allowed)
        }
    }

    @Test func `the scopes of a secret that stands in several keys add up`() {
        let keyring = AdminKeyring([
            .init(name: "a", secret: Secret("s"), scopes: [.read]),
            .init(name: "b", secret: Secret("s"), scopes: [.emit]),
        ])
        #expect(keyring.check("Bearer s", for: .read) == .allowed)
        #expect(keyring.check("Bearer s", for: .emit) == .allowed)
        #expect(keyring.check("Bearer s", for: .admin) == .missingScope)
    }

    /// Keys that are wrong in every way that a comparison of the secrets themselves could stop early at.
    private static let wrongKeys: [String] = {
        let secret = Array("secret of read")
        let prefixes = (1..<secret.count).map { String(secret.prefix($0)) }
        let changed = secret.indices.map { index in
            String(secret[..<index] + [secret[index] == "x" ? "y" : "x"] + secret[(index + 1)...])
        }
        let lengths = [1, 31, 32, 33, 64, 4_096, 100_000].map { String(repeating: "s", count: $0) }
        return prefixes + changed + lengths + ["secret of readx", "secret of read\u{0}", "SECRET OF READ", "\u{FFFD}"]
    }()

    @Test(arguments: wrongKeys)
    func `A10: a wrong key gets the same answer, however long it is and whatever it begins with`(key: String) {
        for scope in AdminKeyring.Scope.allCases {
            #expect(self.keyring.check("Bearer \(key)", for: scope) == .unknownKey)
        }
    }

    @Test func `A10: what is compared is digests, of one length whatever the key and whatever is presented`() {
        let keys = (["s", "secret of read"] + Self.wrongKeys).map { AdminKeyring.digest($0) }
        #expect(keys.allSatisfy { Array($0).count == SHA256Digest.byteCount })
        #expect(Set(keys.map(Array.init)).count == Set(["s", "secret of read"] + Self.wrongKeys).count)
        let keyring = AdminKeyring(
            ["s", "secret of read"].map { .init(name: $0, secret: Secret($0), scopes: [.read]) })
        #expect(keyring.digests == [AdminKeyring.digest("s"), AdminKeyring.digest("secret of read")])
    }
}
