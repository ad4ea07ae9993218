import COpenSSL

extension TLSHandshake {
    /// Reads it from a connection whose handshake is complete.
    init(reading ssl: OpaquePointer) {
        self.version = SSL_version(ssl) == TLS1_3_VERSION ? .tls13 : .tls12
        self.cipher = SSL_CIPHER_get_name(SSL_get_current_cipher(ssl)).map { String(cString: $0) } ?? ""
        self.isResumed = SSL_session_reused(ssl) == 1
        self.serverName = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name).map { String(cString: $0) }
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &name, &count)
        self.applicationProtocol = name.map {
            String(decoding: UnsafeBufferPointer(start: $0, count: Int(count)), as: UTF8.self)
        }
        // A certificate that does not verify ends the handshake; this is the second lock on the same door.
        if SSL_get_verify_result(ssl) == Int(X509_V_OK), SSL_get_verify_mode(ssl) & SSL_VERIFY_PEER != 0,
            let native = SSL_get1_peer_certificate(ssl)
        {
            self.peer = Certificate(owning: native).asPeer
        }
    }
}
