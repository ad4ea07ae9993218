/// A type-length-value extension in a block of version 2.
struct ProxyExtension {
    static let authority: UInt8 = 0x02
    static let checksum: UInt8 = 0x03
    static let tls: UInt8 = 0x20
    private static let tlsVersion: UInt8 = 0x21
    private static let tlsCommonName: UInt8 = 0x22

    let type: UInt8
    let value: ArraySlice<UInt8>

    /// All of them, to the last byte.
    static func all(in bytes: ArraySlice<UInt8>) throws(ProxyHeaderError) -> [ProxyExtension] {
        var found: [ProxyExtension] = []
        var rest = bytes
        while !rest.isEmpty {
            let head = rest.prefix(3)
            guard head.count == 3 else { throw .malformedExtension }
            let length = Int(head[head.startIndex + 1]) << 8 | Int(head[head.startIndex + 2])
            let value = rest.dropFirst(3).prefix(length)
            guard value.count == length else { throw .malformedExtension }
            found.append(ProxyExtension(type: head[head.startIndex], value: value))
            rest = rest[value.endIndex...]
        }
        return found
    }

    /// The value as text: UTF-8 without control characters.
    func text() throws(ProxyHeaderError) -> String {
        guard let text = String(validating: value, as: UTF8.self), !value.contains(where: { $0 < 0x20 || $0 == 0x7F })
        else { throw .malformedExtension }
        return text
    }

    /// A byte of flags, four bytes that are zero when the certificate is valid, then extensions of their own.
    func tls() throws(ProxyHeaderError) -> ProxyHeader.TLS? {
        guard let flags = value.first, value.count >= 5 else { throw .malformedExtension }
        let isValid = value.dropFirst().prefix(4).allSatisfy { $0 == 0 }
        let (speaksTLS, hasShownCertificate) = (flags & 0x01 != 0, flags & 0x06 != 0)
        var tls = ProxyHeader.TLS(version: nil, isClientVerified: hasShownCertificate && isValid, commonName: nil)
        for item in try Self.all(in: value.dropFirst(5)) {
            switch item.type {
            case Self.tlsVersion: tls.version = try item.text()
            case Self.tlsCommonName: tls.commonName = try item.text()
            default: break
            }
        }
        return speaksTLS ? tls : nil
    }
}
