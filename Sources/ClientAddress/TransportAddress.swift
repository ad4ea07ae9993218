/// One end of a connection: address and port.
package struct TransportAddress: Hashable, Sendable {
    package var address: IPAddress
    package var port: UInt16

    package init(address: IPAddress, port: UInt16) {
        self.address = address
        self.port = port
    }
}

extension TransportAddress: CustomStringConvertible {
    /// `192.0.2.1:80`, `[2001:db8::1]:80`.
    package var description: String {
        address.ipv4 == nil ? "[\(address)]:\(port)" : "\(address):\(port)"
    }
}
