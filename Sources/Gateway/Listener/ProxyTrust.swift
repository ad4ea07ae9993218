import ClientAddress
import Configuration

/// Where a request comes from.
struct ClientOrigin: Sendable {
    /// `nil` on a unix socket.
    var ip: IPAddress?
    var isTLS: Bool
    /// The peer is a trusted proxy: what else it says may be believed.
    var isTrusted: Bool
    /// The peer is a trusted proxy and names nobody else.
    var isProxyItself = false

    /// As handlers see it.
    var address: String { self.ip.map { "\($0)" } ?? "" }
}

/// Which proxies in front of a listener are believed, and in which header they name the client.
struct ProxyTrust: Sendable {
    private let ranges: [AddressRange]
    private let header: String
    private let syntax: ForwardedChain.Syntax

    init(_ listener: GatewayConfiguration.Listener) {
        self.ranges = listener.trustedProxies
        self.header = listener.clientAddressHeader
        self.syntax = listener.clientAddressHeader == "forwarded" ? .forwarded : .addressList
    }

    func trusts(_ address: IPAddress) -> Bool {
        guard !self.ranges.isEmpty else { return false }
        let bytes = address.ipv4.map { ipv4 in (0..<4).map { UInt8(truncatingIfNeeded: ipv4 >> (24 - 8 * $0)) } }
        return self.ranges.contains { $0.contains(bytes ?? address.bytes) }
    }

    /// Who made a request, and whether by TLS, as far as trusted proxies vouch for it.
    func client(of exchange: HTTPExchange) -> ClientOrigin {
        let connection = exchange.connection
        guard let peer = connection.peerAddress else {
            return ClientOrigin(ip: nil, isTLS: connection.isTLS, isTrusted: false)
        }
        guard self.trusts(peer) else {
            return ClientOrigin(ip: peer, isTLS: connection.isTLS, isTrusted: false)
        }
        let fields = exchange.head.headers.values(of: self.header)
        let chain = ForwardedChain(
            peer: peer, header: fields.isEmpty ? nil : fields.joined(separator: ","), syntax: self.syntax,
            isTrusted: self.trusts)
        let scheme = exchange.head.headers.first("x-forwarded-proto")
        return ClientOrigin(
            ip: chain.client, isTLS: connection.isTLS || scheme?.lowercased() == "https", isTrusted: true,
            isProxyItself: chain.client == peer)
    }
}

extension GatewayConfiguration.ProxyProtocol {
    /// The version that connections of the listener begin with.
    var version: ProxyHeader.Version? {
        switch self {
        case .off: nil
        case .v1: .one
        case .v2: .two
        }
    }
}
