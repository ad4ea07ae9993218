/// What was agreed on when a connection was set up.
package struct TLSHandshake: Hashable, Sendable {
    package var version: TLSVersion
    /// As OpenSSL names it, such as `TLS_AES_256_GCM_SHA384`.
    package var cipher: String
    /// By a session ticket, without certificates.
    package var isResumed: Bool
    /// The host that the client asked for.
    package var serverName: String?
    package var applicationProtocol: String?
    /// The client's certificate: it chains up to `clientCA`.
    package var peer: PeerCertificate?
}

/// The versions of TLS that can be spoken.
package enum TLSVersion: String, Hashable, Sendable, CaseIterable {
    case tls12 = "1.2"
    case tls13 = "1.3"
}

/// What a verified client certificate says about its owner.
package struct PeerCertificate: Hashable, Sendable {
    package enum AlternativeName: Hashable, Sendable { case dns(String), email(String), uri(String), ip(String) }

    /// RFC 2253, such as `CN=device-7,O=Example`.
    package var subject: String
    /// `nil` when there is none or several, and with a zero byte inside.
    package var commonName: String?
    /// Names with a zero byte inside are left out.
    package var alternativeNames: [AlternativeName]
    /// SHA-256 of the certificate, lowercase hexadecimal.
    package var fingerprint: String
}
