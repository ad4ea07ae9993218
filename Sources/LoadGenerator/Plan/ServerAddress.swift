import Foundation

/// Where a server listens, as its URL says.
package struct ServerAddress: Hashable, Sendable {
    package let isTLS: Bool
    package let host: String
    package let port: UInt16
    /// Starts with a slash.
    package var path: String
    /// Without the question mark.
    package let query: String
    /// Whether the scheme is `ws` or `wss`.
    package let namesWebSocket: Bool

    /// `nil` unless it is an absolute URL with the scheme `http`, `https`, `ws` or `wss`.
    package init?(_ text: String) {
        guard let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(), let host = parts.host,
            ["http", "https", "ws", "wss"].contains(scheme), !host.isEmpty
        else { return nil }
        self.isTLS = ["https", "wss"].contains(scheme)
        self.namesWebSocket = scheme.hasPrefix("ws")
        self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        guard let port = UInt16(exactly: parts.port ?? (self.isTLS ? 443 : 80)), port > 0 else { return nil }
        self.port = port
        self.path = parts.percentEncodedPath
        self.query = parts.percentEncodedQuery ?? ""
    }

    /// The `Host` field.
    package var authority: String {
        let host = self.host.contains(":") ? "[\(self.host)]" : self.host
        return self.port == (self.isTLS ? 443 : 80) ? host : "\(host):\(self.port)"
    }
}
