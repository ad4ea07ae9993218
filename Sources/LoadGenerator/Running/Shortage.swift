import Glibc

/// Something of this machine that the generator needs more of: what is measured then is not the server.
package enum Shortage: Hashable, Sendable {
    /// The process may have no more of them.
    case descriptors
    /// Nobody may.
    case systemDescriptors
    /// Every port of the address that it connects from is in use, or was a minute ago.
    case ports
    case memory

    /// `nil` for what is no shortage of this machine.
    init?(code: Int32) {
        switch code {
        case EMFILE: self = .descriptors
        case ENFILE: self = .systemDescriptors
        case EADDRNOTAVAIL: self = .ports
        case ENOMEM, ENOBUFS: self = .memory
        default: return nil
        }
    }

    /// What, why, and what to do: one line.
    package func line(_ facts: Facts) -> String {
        switch self {
        case .descriptors:
            "no descriptor left: this process may have \(facts.descriptors), and these clients need \(facts.needed) "
                + "(raise it with `ulimit -n \(facts.needed)`, or open fewer --connections)"
        case .systemDescriptors:
            "no descriptor left on this machine: all processes together have as many as they may "
                + "(raise fs.file-max, or open fewer --connections)"
        case .ports: "no local port left: \(facts.portsReason) (\(facts.portsAdvice))"
        case .memory:
            "no memory left for connections: the kernel gives no more (raise net.ipv4.tcp_mem, or open fewer "
                + "--connections)"
        }
    }

    /// What the advice depends on.
    package struct Facts: Sendable {
        /// How long the kernel keeps the port of a connection that was closed: `TCP_TIMEWAIT_LEN` of Linux.
        static let secondsOfClosed = 60.0
        /// Besides those of clients: standard streams, the poller, the event log of a library, what is open for a moment.
        static let ownDescriptors = 32

        /// `ulimit -n`.
        package var descriptors: Int
        /// Local ports of one address.
        package var ports: Int
        /// Connections that are open at once.
        package var connections: Int
        /// Connections that were opened and closed a second; 0 where they are held.
        package var churnPerSecond: Double
        package var sourceAddresses: Int
        /// Whether the server is at an address of this machine that has more of its kind.
        package var isLoopback: Bool

        package init(
            descriptors: Int, ports: Int, connections: Int, churnPerSecond: Double, sourceAddresses: Int,
            isLoopback: Bool
        ) {
            self.descriptors = descriptors
            self.ports = ports
            self.connections = connections
            self.churnPerSecond = churnPerSecond
            self.sourceAddresses = sourceAddresses
            self.isLoopback = isLoopback
        }

        var needed: Int { self.connections + Self.ownDescriptors }

        /// Addresses whose ports are enough: every connection has one, and for a minute every one that was closed.
        package var neededAddresses: Int {
            let ports = Double(self.connections) + self.churnPerSecond * Self.secondsOfClosed
            return Int(clamping: Int64((ports / Double(max(1, self.ports))).rounded(.up)))
        }

        fileprivate var portsReason: String {
            let each = "an address has \(self.ports) of them"
            let all = self.sourceAddresses == 1 ? each : "\(each), so \(self.sourceAddresses) are not enough"
            return self.churnPerSecond > 0 ? "\(all), and a closed connection keeps its port for a minute" : all
        }

        fileprivate var portsAdvice: String {
            let most = LoadPlan.sourceAddressLimit
            // More than there were, whatever the sum says: other programs have connections too.
            let wanted = max(self.neededAddresses, self.sourceAddresses + 1)
            guard self.isLoopback, wanted <= most else {
                return "widen net.ipv4.ip_local_port_range, or load the server from several machines"
            }
            return "connect from more addresses with --source-addresses \(wanted)"
        }
    }
}
