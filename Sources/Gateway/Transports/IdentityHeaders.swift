import HTTP1

/// Request headers by which a proxy says who somebody is.
///
/// Taken from trusted proxies only: anybody can send them (A14).
enum IdentityHeaders {
    /// What is kept of a request's headers for handlers: those of `names`, which are lower-case.
    static func forwarded(
        _ names: [String], _ headers: Headers, isPeerTrusted: Bool
    ) -> [(name: String, value: String)] {
        names.compactMap { name in
            guard isPeerTrusted || !self.contains(name) else { return nil }
            return headers.first(name).map { (name, $0) }
        }
    }

    /// - Parameter name: lower-case; underscores count as hyphens, because some backends take them for the same.
    static func contains(_ name: String) -> Bool {
        let name = String(name.map { $0 == "_" ? "-" : $0 })
        return self.names.contains(name) || self.prefixes.contains { name.hasPrefix($0) }
    }

    private static let names: Set<String> = [
        "cf-connecting-ip", "client-ip", "fastly-client-ip", "forwarded", "remote-addr", "remote-user",
        "true-client-ip", "via", "x-authenticated-user", "x-client-ip", "x-cluster-client-ip", "x-forwarded",
        "x-original-forwarded-for", "x-real-ip", "x-remote-addr", "x-remote-user",
    ]

    /// Of oauth2-proxy, Authelia, Istio, AWS, Azure, Google, Cloudflare, Tailscale; and of proxies that ask for client
    /// certificates.
    private static let prefixes = [
        "cf-access-", "remote-", "ssl-client-", "tailscale-", "x-amzn-oidc-", "x-auth-", "x-client-cert",
        "x-endpoint-api-", "x-forwarded-", "x-goog-authenticated-", "x-goog-iap-", "x-ms-client-principal",
        "x-ms-token-", "x-ssl-client-", "x-tls-client-", "x-user", "x-webauth-",
    ]
}
