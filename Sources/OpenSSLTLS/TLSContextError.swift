/// Why no TLS context could be made from its files.
///
/// Says what, why, and what to do.
package enum TLSContextError: Error, Hashable, Sendable {
    case unreadable(path: String, why: String)
    case noCertificate(path: String)
    case noPrivateKey(path: String)
    case encryptedKey(path: String)
    case malformed(path: String, why: String)
    case keyMismatch(certificate: String, key: String)
    /// OpenSSL, or the system's policy for it, does not take the file's content.
    case refused(path: String, why: String)
    case badServerName(String, path: String)
    case noServerName(path: String)
    case badApplicationProtocol(String)
    case badTicketKeys(path: String?, byteCount: Int)
    case openSSL(why: String)
}

extension TLSContextError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unreadable(let path, let why):
            "tls: \(path) cannot be read: \(why) (check the path, and that the user of the process may read it)"
        case .noCertificate(let path):
            "tls: \(path) has no PEM certificate (it should begin with -----BEGIN CERTIFICATE-----)"
        case .noPrivateKey(let path):
            "tls: \(path) has no PEM private key (it should begin with -----BEGIN PRIVATE KEY-----)"
        case .encryptedKey(let path):
            "tls: \(path) is protected by a passphrase (write it without one: openssl pkey -in \(path) -out FILE)"
        case .malformed(let path, let why):
            "tls: \(path) is damaged: \(why) (copy it again, complete with its BEGIN and END lines)"
        case .keyMismatch(let certificate, let key):
            "tls: \(key) is not the key of \(certificate) "
                + "(they have to be made together, with the server's own certificate first in the file)"
        case .refused(let path, let why):
            "tls: \(path) is not acceptable to OpenSSL: \(why) "
                + "(use a certificate of today's strength: ECDSA P-256, or RSA of 2048 bits or more, with SHA-256)"
        case .badServerName(let name, let path):
            "tls: \(name) is not a server name for \(path) (write a host name, or *.example.com)"
        case .noServerName(let path):
            "tls: no server name for \(path) (list its names, or use a certificate with DNS names)"
        case .badApplicationProtocol(let name):
            "tls: \(name.debugDescription) is not an application protocol (1 to 255 bytes, such as http/1.1)"
        case .badTicketKeys(let path, let byteCount):
            "tls: \(path ?? "ticket keys") of \(byteCount) bytes: a ticket key has \(TicketKeys.keySize) "
                + "(make one: openssl rand \(TicketKeys.keySize); a file has one to \(TicketKeys.maximum), newest first)"
        case .openSSL(let why):
            "tls: OpenSSL failed: \(why) (check that its libraries and configuration are complete)"
        }
    }
}

/// Something about a certificate that works, but that somebody should look at.
package enum TLSWarning: Hashable, Sendable {
    case expired(path: String, at: Int64)
    case notYetValid(path: String, from: Int64)
    /// Clients that ask for this name will be shown a certificate that is not for it.
    case nameNotCovered(String, path: String)
}

extension TLSWarning: CustomStringConvertible {
    package var description: String {
        switch self {
        case .expired(let path, let at):
            "tls: \(path) expired at \(at) seconds of Unix time: clients will refuse it (renew it)"
        case .notYetValid(let path, let from):
            "tls: \(path) is valid from \(from) seconds of Unix time only: clients will refuse it (check the clock)"
        case .nameNotCovered(let name, let path):
            "tls: \(path) is not for \(name): clients that ask for it will refuse it (list the names it has)"
        }
    }
}
