import Configuration

/// Which web pages may connect: those of the gateway's own host, and those of the configured origins.
///
/// Only browsers send `Origin`, and they do not let a page choose it; a client without one is not a page.
struct OriginPolicy: Sendable {
    private let allowsAny: Bool
    private let allowed: [OriginPattern]

    init(_ origins: [String], cors: GatewayConfiguration.CORS?) {
        var origins = origins
        switch cors?.origins {
        case .any: origins.append("*")
        case .list(let list): origins += list
        case nil: break
        }
        self.allowsAny = origins.contains("*")
        self.allowed = origins.compactMap { OriginPattern($0) }
    }

    /// - Parameters:
    ///   - host: the `Host` of the request.
    ///   - isTLS: whether the page's browser is known to have come by TLS; asked only when it matters.
    func admits(origin text: String?, host: String?, isTLS: @autoclosure () -> Bool = false) -> Bool {
        guard let text, !self.allowsAny else { return true }
        guard let origin = WebOrigin(text) else { return false }
        if self.allowed.contains(where: { $0.matches(origin) }) { return true }
        guard let host, origin.isOf(hostField: host) else { return false }
        // Anybody on the way may have written a page that came without TLS.
        return origin.scheme == "https" || !isTLS()
    }
}
