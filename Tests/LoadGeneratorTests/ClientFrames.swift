import WebSocketProtocol

/// What a server answers to a key.
enum Accept {
    static func value(for key: String) -> String { Handshake.accept(forKey: key) }
}

/// The text messages in masked frames; nothing when one of them is not masked.
enum Unmasked {
    static func texts(_ bytes: [UInt8]) -> [String] {
        var texts: [String] = []
        var rest = bytes[...]
        while rest.count >= 6, rest[rest.startIndex + 1] & 0x80 != 0 {
            let opcode = rest[rest.startIndex] & 0x0F
            var length = Int(rest[rest.startIndex + 1] & 0x7F)
            rest = rest.dropFirst(2)
            let extended = length == 126 ? 2 : length == 127 ? 8 : 0
            if extended > 0 { length = rest.prefix(extended).reduce(0) { $0 << 8 | Int($1) } }
            rest = rest.dropFirst(extended)
            let key = Array(rest.prefix(4))
            let payload = rest.dropFirst(4).prefix(length).enumerated().map { $1 ^ key[$0 & 3] }
            rest = rest.dropFirst(4 + length)
            if opcode == 1 { texts.append(String(decoding: payload, as: UTF8.self)) }
        }
        return texts
    }
}
