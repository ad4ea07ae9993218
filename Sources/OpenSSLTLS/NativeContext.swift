import COpenSSL

/// One `SSL_CTX`: the policy of a listener with one certificate.
final class NativeContext {
    let native: OpaquePointer
    let certificate: Certificate
    /// The file of the certificate.
    let path: String

    init(
        _ files: TLSContext.Options.KeyPair, minimumVersion: TLSVersion, clients: ClientAuthorities
    ) throws(TLSContextError) {
        ErrorQueue.clear()
        let chain = try PEMFile(path: files.certificate).certificates()
        guard let certificate = chain.first else { throw .noCertificate(path: files.certificate) }
        let key = try PEMFile(path: files.key).privateKey()
        defer { EVP_PKEY_free(key) }
        guard X509_check_private_key(certificate.native, key) == 1 else {
            ErrorQueue.clear()
            throw .keyMismatch(certificate: files.certificate, key: files.key)
        }
        guard let native = SSL_CTX_new(TLS_server_method()) else { throw .openSSL(why: ErrorQueue.drain().text) }
        self.native = native
        self.certificate = certificate
        self.path = files.certificate

        try self.setPolicy(minimumVersion: minimumVersion)
        guard SSL_CTX_use_certificate(native, certificate.native) == 1 else {
            throw .refused(path: files.certificate, why: ErrorQueue.drain().text)
        }
        for issuer in chain.dropFirst() {
            guard gatehouse_ctx_add_chain_certificate(native, issuer.native) == 1 else {
                throw .refused(path: files.certificate, why: ErrorQueue.drain().text)
            }
        }
        guard SSL_CTX_use_PrivateKey(native, key) == 1 else {
            throw .refused(path: files.key, why: ErrorQueue.drain().text)
        }
        try clients.apply(to: native)
    }

    deinit { SSL_CTX_free(self.native) }

    private func setPolicy(minimumVersion: TLSVersion) throws(TLSContextError) {
        let version = minimumVersion == .tls13 ? TLS1_3_VERSION : TLS1_2_VERSION
        // For TLS 1.2 only what has forward secrecy and authenticated encryption. DHE is left out because the client
        // makes the server pay for it (CVE-2002-20001). TLS 1.3 has no bad suites: the system's choice stands.
        guard gatehouse_ctx_set_min_version(self.native, version) == 1,
            SSL_CTX_set_cipher_list(self.native, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1
        else { throw .openSSL(why: ErrorQueue.drain().text) }
        SSL_CTX_set_options(
            self.native,
            gatehouse_op_no_compression | gatehouse_op_no_renegotiation | gatehouse_op_server_preference
                | gatehouse_op_prioritize_chacha)
        // Without it each idle connection keeps two buffers of 17 KiB.
        gatehouse_ctx_set_mode(self.native, gatehouse_mode_release_buffers)
        // Sessions live in tickets, with the clients.
        gatehouse_ctx_set_session_cache_mode(self.native, Int(SSL_SESS_CACHE_OFF))
        SSL_CTX_set_max_early_data(self.native, 0)
        // The quick ones only, so that a client cannot choose what costs us milliseconds; the hybrid of ML-KEM where
        // OpenSSL has it. Where neither list is known (a FIPS provider) the system's stands.
        if gatehouse_ctx_set_groups(self.native, "X25519MLKEM768:X25519:P-256:P-384") != 1 {
            _ = gatehouse_ctx_set_groups(self.native, "X25519:P-256:P-384")
        }
        ErrorQueue.clear()
    }

    /// `argument` is the ``TLSContext``, which outlives every connection of this.
    func setCallbacks(argument: UnsafeMutableRawPointer) {
        SSL_CTX_set_ex_data(self.native, 0, argument)
        gatehouse_ctx_set_server_name_callback(self.native, chooseCertificate, argument)
        SSL_CTX_set_alpn_select_cb(self.native, chooseProtocol, argument)
        SSL_CTX_set_tlsext_ticket_key_evp_cb(self.native, prepareTicket)
        SSL_CTX_set_msg_callback(self.native, observe)
    }
}

// MARK: - Callbacks of OpenSSL

private func chooseCertificate(
    _ ssl: OpaquePointer?, _ alert: UnsafeMutablePointer<Int32>?, _ argument: UnsafeMutableRawPointer?
) -> Int32 {
    guard let ssl, let context = TLSContext.from(argument),
        let name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name),
        let found = context.context(forServerName: String(cString: name))
    else { return SSL_TLSEXT_ERR_NOACK }
    return SSL_set_SSL_CTX(ssl, found.native) == nil ? SSL_TLSEXT_ERR_ALERT_FATAL : SSL_TLSEXT_ERR_OK
}

private func chooseProtocol(
    _ ssl: OpaquePointer?, _ chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
    _ chosenCount: UnsafeMutablePointer<UInt8>?, _ offered: UnsafePointer<UInt8>?, _ count: UInt32,
    _ argument: UnsafeMutableRawPointer?
) -> Int32 {
    let list = UnsafeRawBufferPointer(start: offered, count: Int(count))
    guard let range = TLSContext.from(argument)?.chooseProtocol(from: list), let offered,
        let length = UInt8(exactly: range.count)
    else { return SSL_TLSEXT_ERR_ALERT_FATAL }
    chosen?.pointee = offered + range.lowerBound
    chosenCount?.pointee = length
    return SSL_TLSEXT_ERR_OK
}

private func prepareTicket(
    _ ssl: OpaquePointer?, _ name: UnsafeMutablePointer<UInt8>?, _ iv: UnsafeMutablePointer<UInt8>?,
    _ cipher: OpaquePointer?, _ mac: OpaquePointer?, _ sealing: Int32
) -> Int32 {
    guard let ssl, let name, let iv, let cipher, let mac,
        let context = TLSContext.from(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), 0))
    else { return -1 }
    return context.ticketSealer.prepare(name: name, iv: iv, cipher: cipher, mac: mac, sealing: sealing != 0)
}

/// Sees every message; remembers those that the engine has to judge.
private func observe(
    _ sent: Int32, _ version: Int32, _ type: Int32, _ bytes: UnsafeRawPointer?, _ count: Int, _ ssl: OpaquePointer?,
    _ argument: UnsafeMutableRawPointer?
) {
    guard let window = argument?.assumingMemoryBound(to: RecordWindow.self), let bytes, count > 1 else { return }
    if sent == 0, type == SSL3_RT_HANDSHAKE, bytes.load(as: UInt8.self) == SSL3_MT_KEY_UPDATE {
        window.pointee.keyUpdates += 1
        if window.pointee.keyUpdates > KeyUpdateLimit.perWindow { window.pointee.stopReading() }
    } else if sent == 1, type == SSL3_RT_ALERT,
        bytes.load(fromByteOffset: 1, as: UInt8.self) == SSL_AD_NO_RENEGOTIATION
    {
        window.pointee.renegotiationRefused = true
        window.pointee.stopReading()
    }
}

extension TLSContext {
    /// The context behind the argument of a callback.
    fileprivate static func from(_ argument: UnsafeMutableRawPointer?) -> TLSContext? {
        argument.map { Unmanaged<TLSContext>.fromOpaque($0).takeUnretainedValue() }
    }
}
