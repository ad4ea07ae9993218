import Configuration
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
}
