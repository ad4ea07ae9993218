import Configuration
import JSONScanner
import OpenSSLTLS

/// What is kept of the certificate that a client showed: the names in it, for routes and handlers.
final class ClientCertificate: Sendable {
    /// Alternative names beyond these are left out: a certificate of a client has one or two.
    private static let maxNames = 64

    /// `{"subject":…,"commonName":…,"fingerprint":…,"dns":[…],"email":[…],"uri":[…],"ip":[…]}`; what it lacks is not there.
    let json: [UInt8]
    private let certificate: PeerCertificate

    init(_ certificate: PeerCertificate) {
        self.certificate = certificate
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("subject", certificate.subject)
        if let name = certificate.commonName { writer.member("commonName", name) }
        writer.member("fingerprint", certificate.fingerprint)
        for kind in ["dns", "email", "uri", "ip"] {
            let names = certificate.alternativeNames.prefix(Self.maxNames).filter { $0.kind == kind }
            guard !names.isEmpty else { continue }
            writer.key(kind)
            writer.beginArray()
            for name in names { writer.value(name.text) }
            writer.endArray()
        }
        writer.endObject()
        self.json = writer.bytes
    }

    /// Who its owner is; `nil` when it has no such name, or several: which one would count is anybody's guess.
    func user(by name: GatewayConfiguration.CertificateName) -> String? {
        let user: String? =
            switch name {
            case .commonName: self.certificate.commonName
            case .subject: self.certificate.subject
            case .dns, .email, .uri: self.only(name.rawValue)
            }
        return user.flatMap { $0.isEmpty || $0.utf8.count > 255 ? nil : $0 }
    }

    private func only(_ kind: String) -> String? {
        let names = self.certificate.alternativeNames.filter { $0.kind == kind }
        return names.count == 1 ? names[0].text : nil
    }
}

extension PeerCertificate.AlternativeName {
    fileprivate var kind: String {
        switch self {
        case .dns: "dns"
        case .email: "email"
        case .uri: "uri"
        case .ip: "ip"
        }
    }

    fileprivate var text: String {
        switch self {
        case .dns(let text), .email(let text), .uri(let text), .ip(let text): text
        }
    }
}
