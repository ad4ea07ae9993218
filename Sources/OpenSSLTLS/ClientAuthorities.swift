import COpenSSL

/// Whose certificates clients may or have to show.
struct ClientAuthorities {
    private let mode: Int32
    private let certificates: [Certificate]
    private let path: String

    /// Reads the file of authorities.
    init(_ clients: TLSContext.Options.ClientCertificates) throws(TLSContextError) {
        switch clients {
        case .none:
            self.mode = SSL_VERIFY_NONE
            self.path = ""
            self.certificates = []
        case .optional(let authorities):
            self.mode = SSL_VERIFY_PEER
            self.path = authorities
            self.certificates = try PEMFile(path: authorities).certificates()
        case .required(let authorities):
            self.mode = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
            self.path = authorities
            self.certificates = try PEMFile(path: authorities).certificates()
        }
    }

    /// Makes a context ask for certificates and check them.
    func apply(to context: OpaquePointer) throws(TLSContextError) {
        SSL_CTX_set_verify(context, self.mode, nil)
        let store = SSL_CTX_get_cert_store(context)
        for certificate in self.certificates {
            guard X509_STORE_add_cert(store, certificate.native) == 1,
                SSL_CTX_add_client_CA(context, certificate.native) == 1
            else { throw .refused(path: self.path, why: ErrorQueue.drain().text) }
        }
        let identity = try self.sessionIdentity()
        guard SSL_CTX_set_session_id_context(context, identity, UInt32(identity.count)) == 1 else {
            throw .openSSL(why: ErrorQueue.drain().text)
        }
    }

    /// Ties tickets to what was asked of the client: with shared keys, one that a listener without client certificates
    /// issued must not open a listener that requires them (as in CVE-2025-23419).
    private func sessionIdentity() throws(TLSContextError) -> [UInt8] {
        let text = "gatehouse \(self.mode) " + self.certificates.map(\.fingerprint).sorted().joined(separator: " ")
        var digest = [UInt8](repeating: 0, count: 32)
        let input = Array(text.utf8)
        guard EVP_Digest(input, input.count, &digest, nil, EVP_sha256(), nil) == 1 else {
            throw .openSSL(why: ErrorQueue.drain().text)
        }
        return digest
    }
}
