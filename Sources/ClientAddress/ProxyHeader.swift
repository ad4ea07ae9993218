/// What a proxy in front says about the connection that it forwards: the PROXY protocol's header.
package struct ProxyHeader: Hashable, Sendable {
    /// Whose connection it is.
    package enum Origin: Hashable, Sendable {
        /// The proxy's own (a health check), or of a kind that it does not know: the peer of the TCP connection counts.
        case peer
        case forwarded(source: TransportAddress, destination: TransportAddress)
    }

    /// What the proxy knows about TLS between client and proxy (`PP2_TYPE_SSL`).
    package struct TLS: Hashable, Sendable {
        /// Such as `TLSv1.3`.
        package var version: String?
        /// Whether the client showed a certificate, on this connection or when its TLS session began, that the proxy
        /// found valid.
        package var isClientVerified: Bool
        /// Of the certificate's subject; worth nothing unless ``isClientVerified``.
        package var commonName: String?
    }

    package enum Version: Hashable, Sendable { case one, two }

    package var version: Version
    package var origin: Origin
    /// The host name that the client asked for (`PP2_TYPE_AUTHORITY`).
    package var authority: String?
    /// nil when the client spoke no TLS, or the proxy does not say.
    package var tls: TLS?

    package init(version: Version, origin: Origin, authority: String? = nil, tls: TLS? = nil) {
        self.version = version
        self.origin = origin
        self.authority = authority
        self.tls = tls
    }
}

/// Why bytes are no PROXY header; the raw value is a label of metrics.
package enum ProxyHeaderError: String, Error, Hashable, Sendable, CaseIterable {
    /// Something else, such as HTTP: the peer is no proxy, or is not set up to say whom it forwards.
    case missing
    /// A line of version 1 without an end, or a block of version 2 beyond the limit.
    case tooLong
    /// A line of version 1 that the grammar does not allow.
    case malformedLine
    /// An address that is none, or not of the family named.
    case invalidAddress
    case invalidPort
    case unsupportedVersion
    case unsupportedCommand
    case unsupportedFamily
    /// A block of version 2 that ends inside its addresses.
    case truncatedAddresses
    /// An extension that reaches beyond the block, or whose content is not what its type says.
    case malformedExtension
    case wrongChecksum
    /// The header was complete before; the caller asked once more.
    case alreadyDecoded
}
