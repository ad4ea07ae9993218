import Foundation

/// What this machine gives a process that opens many connections.
package enum HostLimits {
    private static var descriptorLimit: rlimit {
        get {
            var limit = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            return limit
        }
        set {
            // Where that fails, the old one holds.
            _ = withUnsafePointer(to: newValue) { setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), $0) }
        }
    }

    /// `ulimit -n`.
    static var descriptors: Int { Int(clamping: Self.descriptorLimit.rlim_cur) }

    /// Raises ``descriptors`` as far as the process may.
    package static func raiseDescriptors() {
        Self.descriptorLimit.rlim_cur = Self.descriptorLimit.rlim_max
    }

    /// How many ports outgoing connections of one address can have.
    static var ports: Int {
        let text = FileManager.default.contents(atPath: "/proc/sys/net/ipv4/ip_local_port_range") ?? Data()
        return Self.ports(range: String(decoding: text, as: UTF8.self))
    }

    /// - Parameter range: the first and the last, as the kernel writes them.
    static func ports(range: String) -> Int {
        let ends = range.split(whereSeparator: \.isWhitespace).compactMap { UInt16($0) }
        // Linux's own default, where the file says nothing.
        guard ends.count == 2, ends[0] <= ends[1] else { return 60_999 - 32_768 + 1 }
        return Int(ends[1] - ends[0]) + 1
    }
}
