extension GatewayConfiguration {
    /// A socket that clients connect to.
    package struct Listener: Hashable, Sendable {
        /// Label in logs and metrics; the address unless named.
        package var name: String
        package var address: Address
        /// Path that answers health checks on this public listener, such as `/healthz`.
        package var health: String?
        /// Nil: plain HTTP.
        package var tls: TLS?
        /// Networks (CIDR) whose ``clientAddressHeader`` is believed.
        package var trustedProxies: [AddressRange]
        /// Lower-case.
        package var clientAddressHeader: String
        package var proxyProtocol: ProxyProtocol
    }

    /// Whether connections begin with a PROXY protocol header, and of which version.
    package enum ProxyProtocol: String, Hashable, Sendable, CaseIterable { case off, v1, v2 }

    /// How a listener speaks TLS.
    ///
    /// All paths are absolute.
    package struct TLS: Hashable, Sendable {
        package enum Version: String, Hashable, Sendable, CaseIterable {
            case v12 = "1.2"
            case v13 = "1.3"
        }

        /// A further certificate, for clients that ask for one of its names.
        package struct Certificate: Hashable, Sendable {
            package var names: [String]
            package var certificate: String
            package var key: String
        }

        package var certificate: String
        package var key: String
        package var minimumVersion: Version
        /// Authorities of client certificates; nil: clients are not asked for one.
        package var clientCA: String?
        package var requiresClientCertificate: Bool
        package var ticketKeys: String?
        package var certificates: [Certificate]
    }

    /// The listener for operators: health, metrics, admin API.
    package struct Admin: Hashable, Sendable {
        package var address: Address
        /// Empty only on loopback or a unix socket.
        package var keys: [AdminKey]
    }

    /// Who may use the admin API, and for what.
    package struct AdminKey: Hashable, Sendable {
        package enum Scope: String, Hashable, Sendable, CaseIterable { case read, emit, admin }

        package var name: String
        package var secret: Secret
        package var scopes: Set<Scope>
    }
}
