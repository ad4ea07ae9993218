import COpenSSL
import Glibc

/// Reads certificates and private keys from files of operators, with errors that name the file.
struct PEMFile {
    let path: String

    /// All certificates in it, in order; at least one.
    func certificates() throws(TLSContextError) -> [Certificate] {
        let bio = try self.open()
        defer { BIO_free(bio) }
        ErrorQueue.clear()
        var certificates: [Certificate] = []
        // `AUX` also takes the older "TRUSTED CERTIFICATE" form.
        while let native = PEM_read_bio_X509_AUX(bio, nil, refusePassphrase, nil) {
            certificates.append(Certificate(owning: native))
        }
        let error = ErrorQueue.drain()
        guard error.library == ERR_LIB_PEM, error.reason == PEM_R_NO_START_LINE else {
            throw .malformed(path: self.path, why: error.text)
        }
        guard !certificates.isEmpty else { throw .noCertificate(path: self.path) }
        return certificates
    }

    /// The first private key in it.
    ///
    /// The caller frees it with `EVP_PKEY_free`.
    func privateKey() throws(TLSContextError) -> OpaquePointer {
        let bio = try self.open()
        defer { BIO_free(bio) }
        ErrorQueue.clear()
        var wasAsked = false
        let key = withUnsafeMutablePointer(to: &wasAsked) {
            PEM_read_bio_PrivateKey(bio, nil, refusePassphrase, $0)
        }
        let error = ErrorQueue.drain()
        if let key { return key }
        if wasAsked { throw .encryptedKey(path: self.path) }
        // The decoders of OpenSSL 3 say "unsupported" where nothing in the file is a key.
        let isEmpty =
            (error.library == ERR_LIB_PEM && error.reason == PEM_R_NO_START_LINE)
            || (error.library == ERR_LIB_OSSL_DECODER && error.reason == ERR_R_UNSUPPORTED)
        throw isEmpty ? .noPrivateKey(path: self.path) : .malformed(path: self.path, why: error.text)
    }

    private func open() throws(TLSContextError) -> OpaquePointer {
        guard let bio = BIO_new_file(self.path, "r") else {
            throw .unreadable(path: self.path, why: ErrorQueue.drain().text)
        }
        return bio
    }
}

/// Without this OpenSSL would ask on the terminal, and wait.
///
/// `wasAsked` is a `Bool` or nil.
private func refusePassphrase(
    _ buffer: UnsafeMutablePointer<CChar>?, _ size: Int32, _ forWriting: Int32, _ wasAsked: UnsafeMutableRawPointer?
) -> Int32 {
    wasAsked?.assumingMemoryBound(to: Bool.self).pointee = true
    return -1
}
