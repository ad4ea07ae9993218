/// Why a TLS connection ended that should not have.
package enum TLSError: Error, Hashable, Sendable {
    /// The first byte is that of an HTTP request, not of a handshake: somebody used `http://` on this port.
    case plaintext
    /// The client speaks no TLS version that we accept.
    case version
    /// No cipher, group or signature algorithm in common.
    case noCommonCipher
    /// The client offers application protocols, but none of ours.
    case noApplicationProtocol
    /// The client's certificate is missing or was not accepted.
    case clientCertificate(String)
    /// The peer gave up and said so with this alert (RFC 8446 section 6). 48 is a certificate that it does not trust.
    case peerAlert(UInt8)
    /// More than ``TLSEngine/handshakeLimit`` bytes came before the handshake was complete.
    case handshakeTooLarge
    /// More KeyUpdates than any client needs.
    case tooManyKeyUpdates
    /// A second handshake within the connection, which TLS 1.2 has and we do not.
    case renegotiation
    /// The connection ended without close_notify: what came last may not be the end of what was sent.
    case truncated
    /// Bytes that are not TLS, or a record that does not verify.
    case malformed(String)
    /// Not the peer's doing: out of memory, or a use of the engine that it does not allow.
    case `internal`(String)

    /// The value of the label `reason` of `gatehouse_tls_handshake_errors_total`: one of a fixed set.
    package var label: String {
        switch self {
        case .plaintext: "plaintext"
        case .version: "version"
        case .noCommonCipher: "cipher"
        case .noApplicationProtocol: "alpn"
        case .clientCertificate: "certificate"
        case .peerAlert: "peer_alert"
        case .handshakeTooLarge: "handshake_size"
        case .tooManyKeyUpdates: "key_updates"
        case .renegotiation: "renegotiation"
        case .truncated: "truncated"
        case .malformed: "malformed"
        case .internal: "internal"
        }
    }
}

extension TLSError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .plaintext: "plain HTTP on a TLS port"
        case .version: "no TLS version in common"
        case .noCommonCipher: "no cipher, group or signature algorithm in common"
        case .noApplicationProtocol: "none of the application protocols that the client offers"
        case .clientCertificate(let why): "client certificate: \(why)"
        case .peerAlert(let code): "the client ended the connection with alert \(code)"
        case .handshakeTooLarge: "more than \(TLSEngine.handshakeLimit) bytes before the handshake was complete"
        case .tooManyKeyUpdates: "more than \(KeyUpdateLimit.perWindow) key updates in a minute"
        case .renegotiation: "the client asked to renegotiate"
        case .truncated: "the connection ended without close_notify"
        case .malformed(let why): "not acceptable as TLS: \(why)"
        case .internal(let why): "TLS failed: \(why)"
        }
    }
}
