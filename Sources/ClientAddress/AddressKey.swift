/// By what connections of one client are counted: an IPv4 address, or the first 64 bits of an IPv6 address.
///
/// A customer gets at least a /64 (RFC 6177), so counting single IPv6 addresses would count nothing.
package enum AddressKey: Hashable, Sendable {
    case ipv4(UInt32)
    /// The first eight bytes of the address, network order.
    case ipv6Network(UInt64)

    package init(_ address: IPAddress) {
        self = address.ipv4.map { .ipv4($0) } ?? .ipv6Network(address.high)
    }
}

extension AddressKey: CustomStringConvertible {
    /// `192.0.2.1`, `2001:db8::/64`.
    package var description: String {
        switch self {
        case .ipv4(let address): IPAddress(ipv4: address).description
        case .ipv6Network(let prefix): IPAddress(high: prefix, low: 0).description + "/64"
        }
    }
}
