/// The address in a node identifier: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
///
/// RFC 7239 section 6, and what proxies write into `X-Forwarded-For`. `unknown` and names such as `_hidden` are no
/// address.
enum ForwardedNode {
    static func address(_ text: ArraySlice<UInt8>) -> IPAddress? {
        let colon = UInt8(ascii: ":")
        if text.first == UInt8(ascii: "[") {
            guard let closing = text.firstIndex(of: UInt8(ascii: "]")) else { return nil }
            guard isPort(text[(closing + 1)...]) else { return nil }
            return IPAddress.ipv6(text[(text.startIndex + 1)..<closing])
        }
        guard let first = text.firstIndex(of: colon) else { return IPAddress.ipv4(text) }
        guard !text[(first + 1)...].contains(colon) else { return IPAddress.ipv6(text) }
        guard isPort(text[first...]) else { return nil }
        return IPAddress.ipv4(text[..<first])
    }

    /// Nothing, or a colon and a number or an obfuscated port.
    private static func isPort(_ text: ArraySlice<UInt8>) -> Bool {
        guard let colon = text.first else { return true }
        let port = text.dropFirst()
        guard colon == UInt8(ascii: ":") else { return false }
        guard port.first == UInt8(ascii: "_") else {
            return (1...5).contains(port.count) && port.allSatisfy { (0x30...0x39).contains($0) }
        }
        return port.count > 1 && port.allSatisfy(isObfuscationByte)
    }

    private static func isObfuscationByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
