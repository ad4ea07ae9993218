import Configuration

/// Which web pages may connect: those of the gateway's own host, and those of the configured origins.
///
/// Only browsers send `Origin`, and they do not let a page choose it; a client without one is not a page.
struct OriginPolicy: Sendable {
    private let allowsAny: Bool
    private let allowed: Set<String>

    init(_ origins: [String], cors: GatewayConfiguration.CORS?) {
        var origins = origins
        switch cors?.origins {
        case .any: origins.append("*")
        case .list(let list): origins += list
        case nil: break
        }
        self.allowsAny = origins.contains("*")
        self.allowed = Set(origins.map { $0.lowercased() })
    }

    func admits(origin: String?, host: String?) -> Bool {
        guard let origin = origin?.lowercased(), !self.allowsAny else { return true }
        if self.allowed.contains(origin) { return true }
        // The scheme may differ: a proxy in front may end TLS.
        guard let host = host?.lowercased(), let start = origin.range(of: "://") else { return false }
        return Self.withoutDefaultPort(origin[start.upperBound...]) == Self.withoutDefaultPort(Substring(host))
    }

    private static func withoutDefaultPort(_ host: Substring) -> Substring {
        for port in [":80", ":443"] where host.hasSuffix(port) { return host.dropLast(port.count) }
        return host
    }
}
