import ClientAddress

/// What a connection needs to know of the listener that accepted it.
final class ListenerContext: Sendable {
    enum Audience: Sendable {
        /// The configured endpoints, and nothing else.
        case clients
        /// Health, metrics and the admin API.
        case operators
    }

    let name: String
    /// Its place in the configuration's list; the admin listener comes last.
    let index: Int
    let audience: Audience
    /// The path that answers health checks on a public listener.
    let healthPath: String?
    /// `nil`: plain HTTP.
    let tls: TLSListener?
    let trust: ProxyTrust?
    /// `nil`: connections begin with the client's own bytes.
    let proxyVersion: ProxyHeader.Version?

    init(
        name: String, index: Int, audience: Audience, healthPath: String?, tls: TLSListener? = nil,
        trust: ProxyTrust? = nil, proxyVersion: ProxyHeader.Version? = nil
    ) {
        self.name = name
        self.index = index
        self.audience = audience
        self.healthPath = healthPath
        self.tls = tls
        self.trust = trust
        self.proxyVersion = proxyVersion
    }
}
