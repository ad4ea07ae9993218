import COpenSSL
import Foundation
import Testing

@testable import OpenSSLTLS

@Suite struct TLSContextTests {
    private func with(_ options: (inout TLSContext.Options) -> Void) throws -> TLSContext {
        try .forTests(now: 1_900_000_000, options)
    }

    // MARK: - Server names

    @Test(arguments: [
        ("default.test", "CN=default"), ("exact.test", "CN=exact"), ("EXACT.test", "CN=exact"),
        ("a.wild.test", "CN=wild"), ("wild.test", "CN=default"), ("a.b.wild.test", "CN=default"),
        ("other.example", "CN=default"), (nil, "CN=default"),
    ])
    func `the certificate is chosen by the name that the client asks for`(name: String?, subject: String) throws {
        let context = try self.with {
            $0.others = [
                .init(names: ["exact.test"], files: TestCertificates.exact),
                .init(names: ["*.wild.test"], files: TestCertificates.wildcard),
            ]
        }
        for version in [TLS1_2_VERSION, TLS1_3_VERSION] {
            let connection = try TestConnection(
                context, .init(maximum: version, serverName: name, protocols: ["http/1.1"]))
            #expect(connection.handshake() == .open)
            #expect(connection.client.serverSubject == subject)
            #expect(connection.engine.handshake?.serverName == name)
            #expect(connection.engine.handshake?.applicationProtocol == "http/1.1")
        }
    }

    @Test func `without a list of names those of the certificate count`() throws {
        let context = try self.with { $0.others = [.init(names: [], files: TestCertificates.wildcard)] }
        let connection = try TestConnection(context, .init(serverName: "b.wild.test"))
        connection.handshake()
        #expect(connection.client.serverSubject == "CN=wild")
    }

    @Test func `protocols of other certificates are held to the same rules`() throws {
        let context = try self.with { $0.others = [.init(names: [], files: TestCertificates.exact)] }
        let connection = try TestConnection(context, .init(serverName: "exact.test", protocols: ["ftp"]))
        #expect(connection.handshake() == .failed(.noApplicationProtocol))
    }

    // MARK: - Resumption

    private func resumed(_ first: TLSContext, _ second: TLSContext, version: Int32 = TLS1_3_VERSION) throws -> Bool? {
        let before = try TestConnection(first, .init(maximum: version))
        before.handshake()
        let session = try #require(before.client.session)
        let after = try TestConnection(second, .init(maximum: version, session: session))
        #expect(after.handshake() == .open)
        after.feed(after.client.send([1]))
        #expect(after.received == [1])
        #expect(SSL_session_reused(after.client.ssl) == (after.engine.handshake?.isResumed == true ? 1 : 0))
        return after.engine.handshake?.isResumed
    }

    @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func `another node with the same ticket keys resumes`(version: Int32) throws {
        let keys = try TicketKeys.random()
        let first = try self.with { $0.ticketKeys = keys }
        let second = try self.with { $0.ticketKeys = keys }
        #expect(try self.resumed(first, second, version: version) == true)
    }

    @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func `after a rotation old tickets still open, and are renewed under the new key`(version: Int32) throws {
        let old = try TicketKeys.random()
        let new = try TicketKeys.random()
        let both = try TicketKeys(new.keys + old.keys)
        let before = try self.with { $0.ticketKeys = old }
        let during = try self.with { $0.ticketKeys = both }
        let after = try self.with { $0.ticketKeys = new }
        #expect(try self.resumed(before, during, version: version) == true)
        #expect(try self.resumed(before, after, version: version) == false)

        let first = try TestConnection(before, .init(maximum: version))
        first.handshake()
        let second = try TestConnection(during, .init(maximum: version, session: first.client.session))
        second.handshake()
        let third = try TestConnection(after, .init(maximum: version, session: second.client.session))
        third.handshake()
        #expect(third.engine.handshake?.isResumed == true)
    }

    @Test func `without keys of its own a context shares those of the process`() throws {
        #expect(try self.resumed(.forTests(), .forTests()) == true)
    }

    @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func `a ticket of a listener without client certificates does not open one that requires them`(
        version: Int32
    ) throws {
        let keys = try TicketKeys.random()
        let open = try self.with { $0.ticketKeys = keys }
        let closed = try self.with {
            $0.ticketKeys = keys
            $0.clientCertificates = .required(authorities: TestCertificates.authority)
        }
        let before = try TestConnection(open, .init(maximum: version))
        before.handshake()
        let after = try TestConnection(closed, .init(maximum: version, session: before.client.session))
        after.handshake()
        #expect(!after.engine.isEstablished)
    }

    // MARK: - Client certificates

    @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func `a required certificate is checked and told`(version: Int32) throws {
        let context = try self.with { $0.clientCertificates = .required(authorities: TestCertificates.authority) }
        let connection = try TestConnection(context, .init(maximum: version, certificate: TestCertificates.client))
        #expect(connection.handshake() == .open)
        let peer = try #require(connection.engine.handshake?.peer)
        #expect(peer.subject == "CN=device-7,O=Example")
        #expect(
            peer.alternativeNames == [
                .dns("device-7.test"), .email("device@example.test"), .uri("urn:device:7"), .ip("192.0.2.7"),
            ])
        #expect(peer.fingerprint.count == 64)

        let again = try TestConnection(
            context, .init(maximum: version, certificate: TestCertificates.client, session: connection.client.session))
        #expect(again.handshake() == .open)
        #expect(again.engine.handshake?.isResumed == true)
        #expect(again.engine.handshake?.peer == peer)
    }

    @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func `a missing or unknown certificate is refused where one is required`(version: Int32) throws {
        let context = try self.with { $0.clientCertificates = .required(authorities: TestCertificates.authority) }
        let without = try TestConnection(context, .init(maximum: version))
        #expect(without.handshake() == .failed(.clientCertificate("none was sent")))
        let stranger = try TestConnection(context, .init(maximum: version, certificate: TestCertificates.stranger))
        guard case .failed(.clientCertificate(let why)) = stranger.handshake() else {
            Issue.record("\(stranger.state)")
            return
        }
        #expect(why == "unable to get local issuer certificate")
        #expect(!stranger.engine.isEstablished)
        #expect(stranger.engine.handshake == nil)
    }

    @Test(arguments: [TLS1_2_VERSION, TLS1_3_VERSION])
    func `an optional certificate may be missing but not wrong`(version: Int32) throws {
        let context = try self.with { $0.clientCertificates = .optional(authorities: TestCertificates.authority) }
        let without = try TestConnection(context, .init(maximum: version))
        #expect(without.handshake() == .open)
        #expect(without.engine.handshake != nil)
        #expect(without.engine.handshake?.peer == nil)
        let stranger = try TestConnection(context, .init(maximum: version, certificate: TestCertificates.stranger))
        stranger.handshake()
        guard case .failed(.clientCertificate) = stranger.state else {
            Issue.record("\(stranger.state)")
            return
        }
    }

    // MARK: - Files

    @Test func `expiry is known, and what is wrong with dates and names is warned of`() throws {
        let now = Int64(Date().timeIntervalSince1970)
        let context = try TLSContext.forTests(now: now) {
            $0.others = [.init(names: ["exact.test", "elsewhere.test"], files: TestCertificates.exact)]
        }
        #expect(context.warnings == [.nameNotCovered("elsewhere.test", path: TestCertificates.exact.certificate)])
        #expect((now + 29 * 86_400...now + 31 * 86_400).contains(context.certificateExpiry))
        #expect(context.certificates.map(\.subject) == ["CN=default", "CN=exact"])

        let path = TestCertificates.fallback.certificate
        let validity = context.certificates[0].validity
        #expect(
            try TLSContext.forTests(now: validity.upperBound + 1).warnings == [
                .expired(path: path, at: validity.upperBound)
            ])
        #expect(
            try TLSContext.forTests(now: validity.lowerBound - 1).warnings
                == [.notYetValid(path: path, from: validity.lowerBound)])
    }

    private func error(_ change: (inout TLSContext.Options) -> Void) -> TLSContextError? {
        do {
            _ = try self.with(change)
            return nil
        } catch {
            return error as? TLSContextError
        }
    }

    @Test func `what is wrong with a file is said with its path`() throws {
        let files = TestCertificates.fallback
        #expect(
            self.error { $0.files.certificate = "/nowhere.crt" }
                == .unreadable(path: "/nowhere.crt", why: "No such file or directory"))
        #expect(
            self.error { $0.files.key = "/nowhere.key" }
                == .unreadable(path: "/nowhere.key", why: "No such file or directory"))
        #expect(self.error { $0.files.certificate = files.key } == .noCertificate(path: files.key))
        #expect(self.error { $0.files.key = files.certificate } == .noPrivateKey(path: files.certificate))
        #expect(
            self.error { $0.files.key = TestCertificates.exact.key }
                == .keyMismatch(certificate: files.certificate, key: TestCertificates.exact.key))

        let empty = try TestCertificates.write("empty.pem", Data())
        #expect(self.error { $0.files.certificate = empty } == .noCertificate(path: empty))
        #expect(self.error { $0.files.key = empty } == .noPrivateKey(path: empty))
        #expect(
            self.error { $0.clientCertificates = .required(authorities: empty) } == .noCertificate(path: empty))

        let locked = TestCertificates.path("locked.key")
        TestCertificates.openssl("pkey", "-in", files.key, "-aes256", "-passout", "pass:x", "-out", locked)
        #expect(self.error { $0.files.key = locked } == .encryptedKey(path: locked))

        var text = try String(contentsOfFile: files.certificate, encoding: .utf8)
        text.replaceSubrange(text.range(of: "\nM")!, with: "\n!")
        let damaged = try TestCertificates.write("damaged.crt", Data(text.utf8))
        guard case .malformed(damaged, _) = self.error({ $0.files.certificate = damaged }) else {
            Issue.record("\(String(describing: self.error { $0.files.certificate = damaged }))")
            return
        }
        let cut = try TestCertificates.write("cut.crt", Data(text.utf8.prefix(200)))
        guard case .malformed(cut, _) = self.error({ $0.files.certificate = cut }) else {
            Issue.record("\(String(describing: self.error { $0.files.certificate = cut }))")
            return
        }
    }

    @Test func `a certificate that the system finds too weak is refused`() throws {
        let weak = TLSContext.Options.KeyPair(
            certificate: TestCertificates.path("weak.crt"), key: TestCertificates.path("weak.key"))
        TestCertificates.openssl(
            "req", "-x509", "-newkey", "rsa:1024", "-nodes", "-days", "1", "-subj", "/CN=weak", "-keyout", weak.key,
            "-out", weak.certificate)
        #expect(self.error { $0.files = weak } == .refused(path: weak.certificate, why: "ee key too small"))
    }

    @Test func `a chain is sent whole`() throws {
        let chain = try TestCertificates.write(
            "chain.crt",
            Data(contentsOf: URL(fileURLWithPath: TestCertificates.fallback.certificate))
                + Data(contentsOf: URL(fileURLWithPath: TestCertificates.authority)))
        let context = try self.with { $0.files.certificate = chain }
        let connection = try TestConnection(context)
        connection.handshake()
        #expect(OPENSSL_sk_num(SSL_get_peer_cert_chain(connection.client.ssl)) == 2)
    }

    @Test func `names and protocols that are none are refused`() {
        let path = TestCertificates.exact.certificate
        for name in ["", "*", "*.", "a b", "*.*.x", "a*.x"] {
            #expect(
                self.error { $0.others = [.init(names: [name], files: TestCertificates.exact)] }
                    == .badServerName(name, path: path))
        }
        #expect(self.error { $0.applicationProtocols = [""] } == .badApplicationProtocol(""))
        #expect(
            self.error {
                $0.others = [
                    .init(
                        names: [],
                        files: .init(certificate: TestCertificates.authority, key: TestCertificates.path("ca.key")))
                ]
            }
                == .noServerName(path: TestCertificates.authority))
    }

    @Test func `an error says what to do in one line`() throws {
        let errors = [
            self.error { $0.files.certificate = "/nowhere.crt" },
            self.error { $0.files.key = TestCertificates.exact.key },
        ]
        for error in errors {
            let line = try #require(error).description
            #expect(line.hasPrefix("tls: "))
            #expect(line.hasSuffix(")"))
            #expect(!line.contains("\n"))
        }
    }
}
