internal import Foundation
internal import Routing

extension OptionType.TextForm {
    /// What is wrong with a text, as the rest of a sentence after the text itself; nil when nothing is.
    func problem(with text: String) -> String? {
        if text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) { return "contains a control character" }
        switch self {
        case .any, .template, .handlerName: return nil
        case .file: return text.isEmpty ? "is no path" : nil
        case .label: return isLabel(text) ? nil : "is not a name; use up to 128 letters, digits and any of -_./:"
        case .requestPath:
            return isPath(text) ? nil : "is not the path of a request; it begins with \"/\" and has no query"
        case .address:
            return Address(text) != nil
                ? nil : "is not an address; write \"127.0.0.1:8080\", \"[::1]:8080\" or \"unix:/run/gatehouse.sock\""
        case .addressRange:
            return AddressRange(text) != nil ? nil : "is not a network; write \"10.0.0.0/8\" or one address"
        case .url: return urlProblem(text)
        case .urlOrFile:
            if text.contains("://") { return urlProblem(text) }
            return text.isEmpty ? "is neither a URL nor a path" : nil
        case .origin:
            return text == "*" || OriginPattern(text) != nil
                ? nil
                : "is not an origin; write \"https://app.example.com\" or \"https://*.example.com\", without a path, or \"*\""
        case .token: return isToken(text) ? nil : "is not the name of a header, method or cookie"
        case .namespace:
            return isNamespace(text) ? nil : "is not a namespace; it begins with \"/\" and has no comma or query"
        case .namespacePattern:
            return NamespacePattern(text) != nil ? nil : "is not a pattern; write \"/tenant-{id}\""
        case .signingKey:
            return isSigningKey(text) ? nil : "is not a signing key: \"whsec_\" and the base64 of 24 to 64 bytes"
        case .lane: return isLane(text) ? nil : "is not a lane; use socket, user, none or \"room:args.0.room\""
        }
    }

    private func isLabel(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count)
            && text.utf8.allSatisfy { isAlphanumeric($0) || "-_./:[]".utf8.contains($0) }
    }

    private func isPath(_ text: String) -> Bool {
        text.hasPrefix("/") && text.utf8.count <= 1024 && !text.contains("//")
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }
    }

    /// Socket.IO separates a namespace from the rest of a packet by a comma, and its query by a question mark.
    private func isNamespace(_ text: String) -> Bool {
        text.hasPrefix("/") && text.utf8.count <= 128 && !text.contains(",") && !text.contains("?")
    }

    private func urlProblem(_ text: String) -> String? {
        guard let components = URLComponents(string: text), let host = components.host, !host.isEmpty,
            let scheme = components.scheme?.lowercased(), (components.port ?? 1) <= 65_535
        else { return "is not a URL; write \"http://127.0.0.1:3000/events\"" }
        guard scheme == "http" || scheme == "https" else { return "has another scheme than http and https" }
        return components.fragment == nil ? nil : "has a fragment"
    }

    /// RFC 9110, 5.6.2.
    private func isToken(_ text: String) -> Bool {
        (1...256).contains(text.utf8.count)
            && text.utf8.allSatisfy { isAlphanumeric($0) || "!#$%&'*+-.^_`|~".utf8.contains($0) }
    }

    private func isSigningKey(_ text: String) -> Bool {
        guard text.hasPrefix("whsec_"), let bytes = Data(base64Encoded: String(text.dropFirst(6))) else { return false }
        return (24...64).contains(bytes.count)
    }

    private func isLane(_ text: String) -> Bool {
        ["socket", "user", "none"].contains(text) || (text.hasPrefix("room:") && text.utf8.count > 5)
    }

    private func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}
