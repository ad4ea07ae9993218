import COpenSSL
import Glibc

/// What OpenSSL says about a call that failed: the queue of errors that it keeps for each thread.
struct ErrorQueue {
    /// The first error that came from the TLS library itself; else the first at all; 0 when there is none.
    private(set) var code: UInt = 0

    /// Takes everything out of the queue.
    static func drain() -> ErrorQueue {
        var queue = ErrorQueue()
        var isFromTLS = false
        while true {
            let code = ERR_get_error()
            if code == 0 { return queue }
            let fromTLS = ERR_GET_LIB(code) == ERR_LIB_SSL
            if queue.code == 0 || (fromTLS && !isFromTLS) { queue.code = code }
            isFromTLS = isFromTLS || fromTLS
        }
    }

    static func clear() { ERR_clear_error() }

    var library: Int32 { ERR_GET_LIB(self.code) }
    var reason: Int32 { ERR_GET_REASON(self.code) }

    /// In words, such as "ee key too small".
    var text: String {
        guard self.code != 0 else { return "no reason given" }
        if let words = ERR_reason_error_string(self.code) { return String(cString: words) }
        if self.library == ERR_LIB_SYS, let words = strerror(self.reason) { return String(cString: words) }
        return "error \(String(self.code, radix: 16))"
    }
}

extension ErrorQueue {
    /// What the peer did, as far as this can be told; `verification` is the result of checking its certificate.
    func connectionError(verification: Int) -> TLSError {
        guard self.library == ERR_LIB_SSL else {
            return self.code == 0 ? .malformed("no reason given") : .internal(self.text)
        }
        // Alerts of the peer are numbered from SSL_AD_REASON_OFFSET.
        if let alert = UInt8(exactly: self.reason - SSL_AD_REASON_OFFSET) { return .peerAlert(alert) }
        switch self.reason {
        case SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST:
            return .plaintext
        case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_VERSION_TOO_LOW, SSL_R_WRONG_SSL_VERSION, SSL_R_INAPPROPRIATE_FALLBACK,
            SSL_R_NO_PROTOCOLS_AVAILABLE:
            return .version
        case SSL_R_NO_SHARED_CIPHER, SSL_R_NO_SHARED_GROUPS, SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS,
            SSL_R_NO_SUITABLE_GROUPS, SSL_R_NO_SUITABLE_KEY_SHARE, SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
            return .noCommonCipher
        case SSL_R_NO_APPLICATION_PROTOCOL:
            return .noApplicationProtocol
        case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
            return .clientCertificate("none was sent")
        case SSL_R_CERTIFICATE_VERIFY_FAILED:
            return .clientCertificate(
                X509_verify_cert_error_string(verification).map { String(cString: $0) } ?? self.text)
        default:
            return .malformed(self.text)
        }
    }
}
