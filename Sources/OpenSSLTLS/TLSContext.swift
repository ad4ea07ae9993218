import COpenSSL

/// Everything that the connections of a listener have in common: certificates, keys, policy. Never changes.
///
/// A reload makes a new one (``TLSContextBox``); connections keep the one that they began with.
// OpenSSL counts references to its contexts atomically, and nothing writes to ours after `init`.
package final class TLSContext: @unchecked Sendable {
    /// What was found in one of the files.
    package struct CertificateFacts: Hashable, Sendable {
        package var path: String
        package var subject: String
        /// First and last second of validity, Unix time.
        package var validity: ClosedRange<Int64>
    }

    /// The default certificate first, then the others in their order.
    package let certificates: [CertificateFacts]
    package let warnings: [TLSWarning]

    /// For clients that name no host, or one we do not know.
    let fallback: NativeContext
    private let byName: ServerNameTable<NativeContext>
    private let protocols: ApplicationProtocols
    private let tickets: TicketSealer

    /// Reads the files.
    ///
    /// `now` is Unix time in seconds, for ``warnings``.
    package init(_ options: Options, now: Int64) throws(TLSContextError) {
        // Before anything else: else OpenSSL takes itself apart at exit while loops may still run.
        OPENSSL_init_ssl(UInt64(OPENSSL_INIT_NO_ATEXIT), nil)
        for name in options.applicationProtocols where !(1...255).contains(name.utf8.count) {
            throw .badApplicationProtocol(name)
        }
        let authorities = try ClientAuthorities(options.clientCertificates)
        let fallback = try NativeContext(
            options.files, minimumVersion: options.minimumVersion, clients: authorities)
        var found = [fallback]
        var byName = ServerNameTable<NativeContext>()
        var warnings: [TLSWarning] = []
        for other in options.others {
            let context = try NativeContext(
                other.files, minimumVersion: options.minimumVersion, clients: authorities)
            found.append(context)
            let names = other.names.isEmpty ? context.certificate.dnsNames : other.names
            if names.isEmpty { throw .noServerName(path: other.files.certificate) }
            for name in names {
                guard byName.add(name, context) else { throw .badServerName(name, path: other.files.certificate) }
                // What a client would make of it: for a wildcard, asked with some label.
                let example = name.hasPrefix("*.") ? "a" + name.dropFirst() : name
                if !context.certificate.isFor(host: example) {
                    warnings.append(.nameNotCovered(name, path: other.files.certificate))
                }
            }
        }
        self.certificates = found.map { context in
            CertificateFacts(
                path: context.path, subject: context.certificate.subject, validity: context.certificate.validity)
        }
        for facts in self.certificates {
            if facts.validity.upperBound < now {
                warnings.append(.expired(path: facts.path, at: facts.validity.upperBound))
            } else if facts.validity.lowerBound > now {
                warnings.append(.notYetValid(path: facts.path, from: facts.validity.lowerBound))
            }
        }
        self.warnings = warnings
        self.fallback = fallback
        self.byName = byName
        self.protocols = ApplicationProtocols(options.applicationProtocols)
        if let keys = options.ticketKeys {
            self.tickets = try TicketSealer(keys)
        } else {
            self.tickets = try TicketSealer(TicketKeys.ofProcess())
        }
        // The engine of a connection keeps this alive, so the callbacks may hold it without counting.
        let this = Unmanaged.passUnretained(self).toOpaque()
        for context in found { context.setCallbacks(argument: this) }
    }

    /// When the first of the certificates expires, Unix time in seconds.
    package var certificateExpiry: Int64 {
        self.certificates.map(\.validity.upperBound).min() ?? 0
    }

    // MARK: - What OpenSSL asks during a handshake

    /// The context of the certificate for a host; nil for the default one.
    func context(forServerName name: String) -> NativeContext? {
        self.byName.find(name)
    }

    /// Where in the client's list the protocol stands that is spoken; nil refuses the client.
    func chooseProtocol(from offered: UnsafeRawBufferPointer) -> Range<Int>? {
        self.protocols.choose(from: offered)
    }

    var ticketSealer: TicketSealer { self.tickets }
}

extension Certificate {
    /// The DNS names that it is for.
    var dnsNames: [String] {
        self.alternativeNames.compactMap { name in
            if case .dns(let dns) = name { dns } else { nil }
        }
    }
}
