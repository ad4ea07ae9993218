import NIOSSL

/// A certificate of localhost that signs itself and is trusted by nobody.
enum TestCertificate {
    static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBZzCCAQ2gAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
        c3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBQxEjAQBgNVBAMM
        CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABFU4JAPtDNveDAlL
        +LRkFBGx/TgjKeM0GpPOEjNbJ0J8Ufj5ikjT5ESiKkF5GBjCBxlbXnPQVNF4i2es
        3suRifOjTjBMMBoGA1UdEQQTMBGCCWxvY2FsaG9zdIcEfwAAATAPBgNVHRMBAf8E
        BTADAQH/MB0GA1UdDgQWBBQe0UgmoiIW/9/fv/wzVR+lFq/EujAKBggqhkjOPQQD
        AgNIADBFAiEA0OUMwqioOErnaQpXT3M3BH68T8dfvPSCYQqBJ+bDcdsCIDrWVM2s
        iQQ1ekhQNB3w1lvBztHiEZQZDbz4qPvZ99Y7
        -----END CERTIFICATE-----
        """

    static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgmS1O8g+cPJMFAvVe
        4jMtPeMg8QP/f06U7tl5eEM4j2KhRANCAARVOCQD7Qzb3gwJS/i0ZBQRsf04Iynj
        NBqTzhIzWydCfFH4+YpI0+REoipBeRgYwgcZW15z0FTReItnrN7LkYnz
        -----END PRIVATE KEY-----
        """

    static func serverContext() throws -> NIOSSLContext {
        let certificates = try NIOSSLCertificate.fromPEMBytes(Array(certificate.utf8))
        return try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: certificates.map { .certificate($0) },
                privateKey: .privateKey(NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem))))
    }
}
