/// Which web pages an entry of `origins` means: one origin, or the hosts one label below a domain.
///
/// `https://app.example.com`, `https://app.example.com:8443`, `https://*.example.com`, `http://localhost:*`. Without a port
/// it is the scheme's own, as in the `Origin` that a browser sends (RFC 6454 section 6.2).
package struct OriginPattern: Hashable, Sendable {
    private enum Port: Hashable, Sendable { case any, one(Int) }

    private let scheme: String
    /// Lower-case; what follows `*.` where ``coversLabels``.
    private let host: String
    private let port: Port
    /// The host is exactly one label below ``host``.
    private let coversLabels: Bool

    /// Nil when the text is no origin, or its wildcard would mean more than the hosts of one domain.
    package init?(_ text: String) {
        guard let origin = WebOrigin(text, allowsAnyPort: true) else { return nil }
        self.scheme = origin.scheme
        self.port = origin.port.map { .one($0) } ?? .any
        if origin.host.hasPrefix("*.") {
            let domain = origin.host.dropFirst(2)
            // `https://*.com` would be half of the web.
            guard domain.contains("."), !domain.contains("*"), origin.isWeb else { return nil }
            self.host = String(domain)
            self.coversLabels = true
        } else {
            guard !origin.host.contains("*") else { return nil }
            self.host = origin.host
            self.coversLabels = false
        }
    }

    package func matches(_ origin: WebOrigin) -> Bool {
        guard origin.scheme == self.scheme else { return false }
        if case .one(let port) = self.port, origin.port != port { return false }
        guard self.coversLabels else { return origin.host == self.host }
        guard origin.host.hasSuffix("." + self.host) else { return false }
        let label = origin.host.utf8.dropLast(self.host.utf8.count + 1)
        return !label.isEmpty && !label.contains(UInt8(ascii: "."))
    }
}

/// An origin as a browser sends it: `scheme://host[:port]`, and nothing more.
package struct WebOrigin: Hashable, Sendable {
    package let scheme: String
    /// Lower-case, an IPv6 address in its brackets.
    package let host: String
    /// The scheme's own when none is written; nil for `*`, and where the scheme has none.
    package let port: Int?

    /// Nil for `null`, and for whatever no browser sends: user names, paths, queries.
    package init?(_ text: String) {
        self.init(text, allowsAnyPort: false)
    }

    fileprivate init?(_ text: String, allowsAnyPort: Bool) {
        let bytes = Array(text.utf8)
        guard bytes.count <= Self.maxBytes, let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
            bytes[colon...].starts(with: "://".utf8)
        else { return nil }
        let scheme = bytes[..<colon]
        guard let first = scheme.first, Self.isLetter(first),
            scheme.allSatisfy({ Self.isLetter($0) || Self.isDigit($0) || "+-.".utf8.contains($0) })
        else { return nil }
        self.scheme = String(decoding: scheme, as: UTF8.self).lowercased()
        guard let authority = Self.authority(bytes[(colon + 3)...]) else { return nil }
        self.host = authority.host
        switch authority.port {
        case nil: self.port = Self.defaultPort(of: self.scheme)
        case "*" where allowsAnyPort: self.port = nil
        case let digits?:
            guard let port = Self.port(digits) else { return nil }
            self.port = port
        }
    }

    /// No host name is longer than 253 bytes.
    private static let maxBytes = 300

    /// Of `http` or `https`.
    package var isWeb: Bool { self.scheme == "http" || self.scheme == "https" }

    /// Whether it is the origin of pages that come from the host of a `Host` field.
    ///
    /// A field without a port says nothing about the scheme, because a proxy in front may end TLS.
    package func isOf(hostField: String) -> Bool {
        guard self.isWeb, let own = Self.authority(Array(hostField.utf8)[...]), own.host == self.host
        else { return false }
        guard let digits = own.port else { return self.port == Self.defaultPort(of: self.scheme) }
        guard let port = Self.port(digits) else { return false }
        return port == self.port
    }

    static func defaultPort(of scheme: String) -> Int? {
        switch scheme {
        case "http": 80
        case "https": 443
        default: nil
        }
    }

    /// `host` or `host:port`, in the characters that browsers write there.
    private static func authority(_ bytes: ArraySlice<UInt8>) -> (host: String, port: String?)? {
        guard !bytes.isEmpty, bytes.count <= Self.maxBytes else { return nil }
        var host = bytes
        var port: ArraySlice<UInt8>?
        if bytes.first == UInt8(ascii: "[") {
            guard let end = bytes.firstIndex(of: UInt8(ascii: "]")) else { return nil }
            host = bytes[...end]
            let rest = bytes[(end + 1)...]
            if !rest.isEmpty {
                guard rest.first == UInt8(ascii: ":") else { return nil }
                port = rest.dropFirst()
            }
            guard host.count > 2, host.dropFirst().dropLast().allSatisfy({ Self.isHex($0) || ":.".utf8.contains($0) })
            else { return nil }
        } else {
            if let colon = bytes.firstIndex(of: UInt8(ascii: ":")) {
                host = bytes[..<colon]
                port = bytes[(colon + 1)...]
            }
            guard !host.isEmpty,
                host.allSatisfy({ Self.isLetter($0) || Self.isDigit($0) || "-._*".utf8.contains($0) })
            else { return nil }
        }
        if let port, port.isEmpty { return nil }
        return (
            String(decoding: host, as: UTF8.self).lowercased(), port.map { String(decoding: $0, as: UTF8.self) }
        )
    }

    private static func port(_ text: String) -> Int? {
        guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy(Self.isDigit), let port = Int(text),
            (1...65_535).contains(port)
        else { return nil }
        return port
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }

    private static func isHex(_ byte: UInt8) -> Bool { Self.isDigit(byte) || (0x61...0x66).contains(byte | 0x20) }
}
