extension GatewayConfiguration {
    /// A socket that clients connect to.
    package struct Listener: Hashable, Sendable {
        /// Label in logs and metrics; the address unless named.
        package var name: String
        package var address: Address
        /// Path that answers health checks on this public listener, such as `/healthz`.
        package var health: String?
        /// Networks (CIDR) whose ``clientAddressHeader`` is believed.
        package var trustedProxies: [AddressRange]
        /// Lower-case.
        package var clientAddressHeader: String
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
