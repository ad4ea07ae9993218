import Configuration
import HTTP1

/// Decides whether a request to the admin listener is heard at all, by its head.
///
/// Everything that an operator's tools send gets through; what a web page can make a browser send does not: a page that
/// is open on the operator's machine can reach loopback addresses, too.
struct AdminGate: Sendable {
    private let keyring: AdminKeyring
    /// The host that the listener was configured with; nil for a unix socket, which no browser can reach.
    private let listenerHost: String?

    init(_ admin: GatewayConfiguration.Admin?) {
        self.keyring = AdminKeyring(admin?.keys ?? [])
        if case .host(let host, _)? = admin?.address { self.listenerHost = host } else { self.listenerHost = nil }
    }

    struct Admission: Sendable {
        var route: AdminRoute
        var parameters: [String]
    }

    func admit(_ head: RequestHead) throws(AdminProblem) -> Admission {
        let match = AdminRoute.match(head.method, head.rawPath)
        if case .found(let route, let parameters) = match, route.access == .open {
            return Admission(route: route, parameters: parameters)
        }
        try self.checkSender(head.headers)
        switch match {
        case .unknown:
            throw .noSuchPath
        case .wrongMethod(let allowed):
            let list = allowed.joined(separator: ", ")
            throw AdminProblem(405, "this path takes \(list)", headers: [("allow", list)])
        case .found(let route, let parameters):
            if case .scope(let scope) = route.access { try self.authorize(head.headers, scope) }
            return Admission(route: route, parameters: parameters)
        }
    }

    private func checkSender(_ headers: Headers) throws(AdminProblem) {
        // Nothing here is a page, so no page of ours asks either; `none` is an address that a person has typed.
        guard headers.count(of: "origin") == 0, headers.count(of: "sec-fetch-site") <= 1,
            headers.first("sec-fetch-site").map({ $0.lowercased() == "none" }) ?? true
        else {
            throw AdminProblem(403, "requests of web pages are not answered here")
        }
        // Of a name that an attacker made to point here. With keys there is nothing to gain by that.
        guard self.keyring.isEmpty, let own = self.listenerHost, let host = headers.first("host") else { return }
        guard Self.isLocal(host, own: own) else {
            throw AdminProblem(403, "the Host of the request is not an address of this listener")
        }
    }

    /// Whether the value of a Host field names this machine, or the listener's own address.
    static func isLocal(_ field: String, own: String) -> Bool {
        var host = Substring(field)
        if host.hasPrefix("[") {
            guard let end = host.firstIndex(of: "]") else { return false }
            host = host[host.index(after: host.startIndex)..<end]
        } else if let colon = host.firstIndex(of: ":") {
            host = host[..<colon]
        }
        let name = host.lowercased()
        if name == "localhost" || name == own.lowercased() { return true }
        return Self.loopback.contains { $0.contains(name) }
    }

    private static let loopback = ["127.0.0.0/8", "::1"].compactMap { AddressRange($0) }

    private func authorize(_ headers: Headers, _ scope: AdminKeyring.Scope) throws(AdminProblem) {
        let fields = headers.values(of: "authorization")
        switch self.keyring.check(fields.count == 1 ? fields[0] : nil, for: scope) {
        case .allowed:
            return
        case .unknownKey:
            let error = fields.isEmpty ? "" : ", error=\"invalid_token\""
            throw AdminProblem(
                401, "a key is needed: Authorization: Bearer <key>",
                headers: [("www-authenticate", "Bearer realm=\"gatehouse\"\(error)")])
        case .missingScope:
            throw AdminProblem(403, "the key lacks the scope \"\(scope.rawValue)\"")
        }
    }

    /// Checks what a request with a body says of it.
    static func checkContent(_ head: RequestHead, _ route: AdminRoute) throws(AdminProblem) {
        guard head.body != .none else { return }
        guard route.body != .none else { throw AdminProblem(400, "this request takes no body") }
        let type = head.headers.first("content-type") ?? ""
        let essence = type.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }.lowercased()
        guard essence == "application/json" else {
            throw AdminProblem(415, "the body has to be JSON, sent with Content-Type: application/json")
        }
    }
}
