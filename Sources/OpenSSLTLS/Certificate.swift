import COpenSSL

/// An X.509 certificate of OpenSSL's, freed with this.
final class Certificate {
    let native: OpaquePointer

    /// Takes over `native`.
    init(owning native: OpaquePointer) {
        self.native = native
    }

    deinit { X509_free(self.native) }

    /// RFC 2253, such as `CN=example.com,O=Example`.
    var subject: String {
        guard let bio = BIO_new(BIO_s_mem()) else { return "" }
        defer { BIO_free(bio) }
        guard gatehouse_name_print(bio, X509_get_subject_name(self.native)) >= 0 else { return "" }
        var bytes: UnsafePointer<CChar>?
        let count = gatehouse_bio_memory(bio, &bytes)
        guard count > 0, let bytes else { return "" }
        return String(decoding: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self)
    }

    /// The only common name of the subject.
    var commonName: String? {
        let name = X509_get_subject_name(self.native)
        let index = X509_NAME_get_index_by_NID(name, NID_commonName, -1)
        guard index >= 0, X509_NAME_get_index_by_NID(name, NID_commonName, index) < 0,
            let entry = X509_NAME_get_entry(name, index)
        else { return nil }
        // Whatever alphabet it is written in.
        var bytes: UnsafeMutablePointer<UInt8>?
        let count = ASN1_STRING_to_UTF8(&bytes, X509_NAME_ENTRY_get_data(entry))
        guard count >= 0, let bytes else { return nil }
        defer { CRYPTO_free(bytes, #file, #line) }
        let buffer = UnsafeBufferPointer(start: bytes, count: Int(count))
        return buffer.contains(0) ? nil : String(decoding: buffer, as: UTF8.self)
    }

    /// SHA-256, lowercase hexadecimal.
    var fingerprint: String {
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count: UInt32 = 0
        guard X509_digest(self.native, EVP_sha256(), &digest, &count) == 1 else { return "" }
        return digest.prefix(Int(count)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// Its first and last second of validity, in Unix time.
    ///
    /// One that ends before it begins is never valid, and has ended.
    var validity: ClosedRange<Int64> {
        let start = Self.seconds(X509_get0_notBefore(self.native))
        let end = Self.seconds(X509_get0_notAfter(self.native))
        return min(start, end)...end
    }

    /// The DNS names, addresses and so on that it is for.
    var alternativeNames: [PeerCertificate.AlternativeName] {
        guard let raw = X509_get_ext_d2i(self.native, NID_subject_alt_name, nil, nil) else { return [] }
        let names = OpaquePointer(raw)
        defer { GENERAL_NAMES_free(names) }
        return (0..<max(0, gatehouse_general_name_count(names))).compactMap { index in
            guard let name = gatehouse_general_name(names, index)?.pointee else { return nil }
            switch name.type {
            case GEN_DNS: return Self.text(name.d.dNSName).map { .dns($0) }
            case GEN_EMAIL: return Self.text(name.d.rfc822Name).map { .email($0) }
            case GEN_URI: return Self.text(name.d.uniformResourceIdentifier).map { .uri($0) }
            case GEN_IPADD: return Self.address(name.d.iPAddress).map { .ip($0) }
            default: return nil
            }
        }
    }

    /// Whether a client that asks for this host name would accept it.
    func isFor(host: String) -> Bool {
        X509_check_host(self.native, host, host.utf8.count, 0, nil) == 1
    }

    var asPeer: PeerCertificate {
        PeerCertificate(
            subject: self.subject, commonName: self.commonName, alternativeNames: self.alternativeNames,
            fingerprint: self.fingerprint)
    }

    private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64 {
        guard let epoch = ASN1_TIME_set(nil, 0) else { return 0 }
        defer { ASN1_STRING_free(epoch) }
        var days: Int32 = 0
        var seconds: Int32 = 0
        guard let time, ASN1_TIME_diff(&days, &seconds, epoch, time) == 1 else { return 0 }
        return Int64(days) * 86_400 + Int64(seconds)
    }

    private static func bytes(_ string: UnsafePointer<ASN1_STRING>?) -> UnsafeRawBufferPointer? {
        guard let string, let data = ASN1_STRING_get0_data(string) else { return nil }
        return UnsafeRawBufferPointer(start: data, count: Int(max(0, ASN1_STRING_length(string))))
    }

    /// Nil with a zero byte inside: a name that reads differently to others than to us.
    private static func text(_ string: UnsafePointer<ASN1_STRING>?) -> String? {
        guard let bytes = self.bytes(string), !bytes.contains(0) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func address(_ string: UnsafePointer<ASN1_STRING>?) -> String? {
        guard let bytes = self.bytes(string) else { return nil }
        switch bytes.count {
        case 4:
            return bytes.map(String.init).joined(separator: ".")
        case 16:
            return stride(from: 0, to: 16, by: 2)
                .map { String(UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]), radix: 16) }.joined(separator: ":")
        default:
            return nil
        }
    }
}
