import Foundation
import OpenSSLTLS

/// Certificates for tests, made by the `openssl` command in a temporary folder once per run.
enum TestCertificates {
    /// For `default.test` and 127.0.0.1; signed by the authority.
    static var fallback: TLSContext.Options.KeyPair { self.pair("default") }
    /// For `exact.test`.
    static var exact: TLSContext.Options.KeyPair { self.pair("exact") }
    /// For `*.wild.test`.
    static var wildcard: TLSContext.Options.KeyPair { self.pair("wild") }
    /// Of a client, `CN=device-7,O=Example`.
    static var client: TLSContext.Options.KeyPair { self.pair("client") }
    /// Of a client, signed by an authority that nobody knows.
    static var stranger: TLSContext.Options.KeyPair { self.pair("stranger") }
    static var authority: String { self.path("ca.crt") }
    static var otherAuthority: String { self.path("other-ca.crt") }

    static func path(_ name: String) -> String { self.folder.appendingPathComponent(name).path }

    /// Writes a file into the folder and returns its path.
    static func write(_ name: String, _ content: Data) throws -> String {
        let path = self.path(name)
        try content.write(to: URL(fileURLWithPath: path))
        return path
    }

    static func openssl(_ arguments: String...) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        do { try process.run() } catch { fatalError("the openssl command is needed: \(error)") }
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { fatalError("openssl \(arguments.joined(separator: " "))") }
    }

    private static func pair(_ name: String) -> TLSContext.Options.KeyPair {
        TLSContext.Options.KeyPair(certificate: self.path("\(name).crt"), key: self.path("\(name).key"))
    }

    private static let folder: URL = {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("tls-tests-\(ProcessInfo.processInfo.processIdentifier)")
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch { fatalError("no temporary folder: \(error)") }
        atexit { try? FileManager.default.removeItem(at: TestCertificates.folder) }
        func file(_ name: String) -> String { folder.appendingPathComponent(name).path }
        for name in ["ca", "other-ca"] {
            Self.openssl(
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                "-subj", "/O=Example/CN=\(name)", "-keyout", file("\(name).key"), "-out", file("\(name).crt"))
        }
        let leaves = [
            ("default", "ca", "DNS:default.test,IP:127.0.0.1"), ("exact", "ca", "DNS:exact.test"),
            ("wild", "ca", "DNS:*.wild.test"),
            ("client", "ca", "DNS:device-7.test,email:device@example.test,URI:urn:device:7,IP:192.0.2.7"),
            ("stranger", "other-ca", "DNS:stranger.test"),
        ]
        for (name, authority, names) in leaves {
            let subject = name == "client" ? "/O=Example/CN=device-7" : "/CN=\(name)"
            Self.openssl(
                "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", subject,
                "-addext", "subjectAltName=\(names)", "-keyout", file("\(name).key"), "-out", file("\(name).csr"))
            Self.openssl(
                "x509", "-req", "-in", file("\(name).csr"), "-CA", file("\(authority).crt"),
                "-CAkey", file("\(authority).key"), "-CAcreateserial", "-copy_extensions", "copyall", "-days", "30",
                "-out", file("\(name).crt"))
        }
        return folder
    }()
}
