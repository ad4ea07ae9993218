internal import Foundation

extension ModelReader {
    /// Nil after a problem.
    mutating func jwt(_ section: Section) -> GatewayConfiguration.JWT? {
        guard let source = source(of: section) else { return nil }
        checkAlgorithms(of: section, source)
        return .init(
            source: source, algorithms: section.texts("algorithms"), audience: section.optionalText("audience"),
            issuer: section.optionalText("issuer"), cookie: section.optionalText("cookie"),
            query: section.optionalText("query"))
    }

    private mutating func source(of section: Section) -> GatewayConfiguration.JWT.Source? {
        let keys = ["secret", "publicKey", "jwks"]
        let given = keys.filter { !section.isNull($0) }
        guard given.count == 1, let key = given.first else {
            problems.add(section.place, section.pointer, "needs exactly one of \"secret\", \"publicKey\" and \"jwks\"")
            return nil
        }
        // A faulty one is given too, and has its own error.
        guard let text = section.optionalText(key) else { return nil }
        switch key {
        case "secret": return .secret(Secret(text))
        case "publicKey": return .publicKey(text)
        default:
            if let problem = Self.problem(withKeySet: text) {
                problems.add(section[key].place, section[key].pointer, section[key].quoted(text) + " " + problem)
            }
            return .jwks(text)
        }
    }

    /// Whoever can change the keys on their way decides who may come in.
    private static func problem(withKeySet place: String) -> String? {
        guard place.contains("://"), let url = URLComponents(string: place) else { return nil }
        if url.user != nil || url.password != nil { return "must not contain a user or a password" }
        guard url.scheme?.lowercased() == "http", let host = url.host else { return nil }
        let name = host.trimmingCharacters(in: ["[", "]"]).lowercased()
        let isLocal = name == "localhost" || Self.loopback.contains { $0.contains(name) }
        return isLocal ? nil : "is fetched without TLS, where keys can be changed on the way: write \"https://\""
    }

    private static let loopback = ["127.0.0.0/8", "::1"].compactMap { AddressRange($0) }

    /// A public key is known to everybody, so an HMAC made with it would prove nothing.
    private mutating func checkAlgorithms(of section: Section, _ source: GatewayConfiguration.JWT.Source) {
        for value in section.list("algorithms") {
            guard case .text(let algorithm) = value.content else { continue }
            let digestBits = algorithm.hasPrefix("HS") ? Int(algorithm.dropFirst(2)) : nil
            switch (source, digestBits) {
            case (.secret(let secret), let bits?):
                // RFC 7518, 3.2: a secret as long as the digest at least, or every token would be refused.
                guard secret.value.utf8.count < bits / 8 else { continue }
                problems.add(
                    section["secret"].place, section["secret"].pointer,
                    "the value is too short for \"\(algorithm)\": at least \(bits / 8) bytes")
            case (.secret, nil):
                problems.add(
                    value.place, value.pointer, "\(value.quoted(algorithm)) does not go with a secret")
            case (_, .some):
                problems.add(
                    value.place, value.pointer, "\(value.quoted(algorithm)) goes with a secret only")
            case (_, nil): continue
            }
        }
    }
}
