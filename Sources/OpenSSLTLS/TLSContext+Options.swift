extension TLSContext {
    /// What a listener's TLS is made of: files, and what is asked of clients.
    package struct Options: Hashable, Sendable {
        /// A certificate chain and its key, PEM files both; the server's own certificate comes first in the chain.
        package struct KeyPair: Hashable, Sendable {
            package var certificate: String
            package var key: String

            package init(certificate: String, key: String) {
                self.certificate = certificate
                self.key = key
            }
        }

        /// A further certificate, for clients that ask for one of its names.
        package struct NamedKeyPair: Hashable, Sendable {
            /// Host names, or `*.example.com` for exactly one label.
            ///
            /// Empty: the DNS names in the certificate.
            package var names: [String]
            package var files: KeyPair

            package init(names: [String], files: KeyPair) {
                self.names = names
                self.files = files
            }
        }

        /// Whether clients have to show a certificate, and of which authorities: a PEM file.
        package enum ClientCertificates: Hashable, Sendable {
            case none
            /// A client without one is welcome; one that is not accepted ends the handshake.
            case optional(authorities: String)
            case required(authorities: String)
        }

        /// For clients that name no host, or none of `others`.
        package var files: KeyPair
        package var others: [NamedKeyPair] = []
        package var minimumVersion = TLSVersion.tls12
        package var clientCertificates = ClientCertificates.none
        /// Shared between nodes; nil makes random ones, which live as long as the process.
        package var ticketKeys: TicketKeys?
        /// Best first.
        ///
        /// A client that offers only others is refused (ALPACA, RFC 7301 section 3.2).
        package var applicationProtocols = ["http/1.1"]

        package init(files: KeyPair) {
            self.files = files
        }
    }
}
