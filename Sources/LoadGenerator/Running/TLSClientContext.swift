import COpenSSL

/// The client's side of TLS: verifies the server by the system's authorities, unless told not to.
final class TLSClientContext {
    private let context: OpaquePointer
    private let name: String
    /// For what comes from a socket, until a connection has taken it; more than a record.
    let received = UnsafeMutableRawBufferPointer.allocate(byteCount: 32 * 1_024, alignment: 16)

    init(server: ServerAddress, acceptsAnyCertificate: Bool) throws(LoadError) {
        guard let context = SSL_CTX_new(TLS_client_method()) else { throw Self.lastError() }
        self.context = context
        self.name = server.host
        if acceptsAnyCertificate {
            SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nil)
            // Not looked at, rather than looked at and accepted whatever comes of it.
            SSL_CTX_set_cert_verify_callback(context, { _, _ in 1 }, nil)
        } else {
            SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
            SSL_CTX_set_default_verify_paths(context)
        }
        // Several records with one call to the kernel.
        SSL_CTX_ctrl(context, SSL_CTRL_SET_READ_AHEAD, 1, nil)
        gatehouse_ctx_set_mode(context, Int(SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER))
    }

    deinit {
        SSL_CTX_free(self.context)
        self.received.deallocate()
    }

    /// A connection that writes to that descriptor, and reads what is put into its memory; freed by whoever asked for it.
    ///
    /// A read of its own would ask the kernel once more than there is something.
    func connection(_ descriptor: Int32) throws(LoadError) -> OpaquePointer {
        guard let ssl = SSL_new(self.context) else { throw Self.lastError() }
        guard let input = BIO_new(BIO_s_mem()), let output = BIO_new_socket(descriptor, BIO_NOCLOSE) else {
            // Too little memory for a few bytes: what is lost of it does not matter any more.
            SSL_free(ssl)
            throw Self.lastError()
        }
        // Nothing there is not the end.
        BIO_ctrl(input, BIO_C_SET_BUF_MEM_EOF_RETURN, -1, nil)
        SSL_set_bio(ssl, input, output)
        SSL_set_connect_state(ssl)
        _ = gatehouse_ssl_set_host_name(ssl, self.name)
        SSL_set1_host(ssl, self.name)
        return ssl
    }

    static func lastError() -> LoadError {
        let code = ERR_get_error()
        guard code != 0 else { return LoadError("TLS: connection ended") }
        let reason = ERR_reason_error_string(code).map { String(cString: $0) } ?? "error \(code)"
        return LoadError("TLS: \(reason)", advice: Self.advice(reason))
    }

    /// OpenSSL's words are what there is to tell them apart by: its numbers are macros.
    private static func advice(_ reason: String) -> String? {
        switch reason {
        case "certificate verify failed":
            "nobody known here vouches for it: --insecure accepts it, SSL_CERT_FILE names authorities"
        case "wrong version number", "packet length too long", "unexpected message", "record layer failure":
            "does it speak TLS at this port? Without it: http:// or ws://"
        default: nil
        }
    }
}
