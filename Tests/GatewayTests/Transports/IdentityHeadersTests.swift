import Testing

@testable import Gateway

@Suite struct IdentityHeadersTests {
    @Test(arguments: [
        "x-user-id", "x-user", "x_user_id", "x-forwarded-user", "x-forwarded-for", "x-real-ip", "forwarded",
        "remote-user",
        "x-auth-request-email", "x-amzn-oidc-identity", "cf-connecting-ip", "x-ssl-client-cert", "x-client-cert-dn",
    ])
    func `A14 these say who somebody is`(name: String) {
        #expect(IdentityHeaders.contains(name))
    }

    @Test(arguments: ["user-agent", "accept-language", "x-request-id", "authorization", "cookie", "x-api-version"])
    func `A14 these do not`(name: String) {
        #expect(!IdentityHeaders.contains(name))
    }
}
