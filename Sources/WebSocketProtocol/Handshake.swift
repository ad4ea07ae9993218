internal import Crypto
package import struct NIOCore.ByteBuffer

/// The HTTP exchange that turns a connection into a WebSocket.
///
/// RFC 6455 section 4.2, server side.
package enum Handshake {
    /// What becomes of an opening handshake.
    package enum Verdict: Hashable, Sendable {
        case ok
        /// Answer 426 with `Sec-WebSocket-Version: 13`, `Upgrade: websocket` and close the connection: its next bytes
        /// may be frames of a tunnel that a proxy believes in.
        case badVersion
        /// Answer 400 and close the connection.
        case badRequest
    }

    /// The only version there is.
    package static let version = "13"

    /// The value of `Sec-WebSocket-Accept` for a `Sec-WebSocket-Key`.
    package static func accept(forKey key: some Collection<UInt8>) -> String {
        var hash = Insecure.SHA1()
        let bytes = Array(key) + Array("258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8)
        bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
        return Base64.encode(hash.finalize())
    }

    /// The value of `Sec-WebSocket-Accept` for a `Sec-WebSocket-Key`.
    package static func accept(forKey key: String) -> String {
        accept(forKey: key.utf8)
    }

    /// Whether the header fields of a GET (HTTP/1.1, which is the caller's to check) ask for a WebSocket we can give.
    ///
    /// Values are as received, without surrounding blanks; nil when the field is missing.
    package static func check(version: String?, key: String?, upgrade: String?, connection: String?) -> Verdict {
        guard let upgrade, let connection, hasToken("websocket", in: upgrade), hasToken("upgrade", in: connection)
        else { return .badRequest }
        guard version == Self.version else { return .badVersion }
        guard let key, Base64.isEncodingOf16Bytes(key.utf8) else { return .badRequest }
        return .ok
    }

    /// Appends the 101 response.
    ///
    /// A subprotocol that is not a token is left out. `extensions` is a field value of our own making, such as
    /// ``DeflateParameters/answer``.
    package static func writeResponse(
        key: String, subprotocol: String? = nil, extensions: String? = nil, into out: inout ByteBuffer
    ) {
        out.writeStaticString(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ")
        out.writeString(accept(forKey: key))
        if let subprotocol, Token.isValid(subprotocol.utf8) {
            out.writeStaticString("\r\nSec-WebSocket-Protocol: ")
            out.writeString(subprotocol)
        }
        if let extensions {
            out.writeStaticString("\r\nSec-WebSocket-Extensions: ")
            out.writeString(extensions)
        }
        out.writeStaticString("\r\n\r\n")
    }

    /// The names in a `Sec-WebSocket-Protocol` field, in order of preference; nil when it is ill-formed or too long.
    ///
    /// Nobody needs more than a handful, so more than `limit` of them is an attack.
    package static func subprotocols(_ value: String, limit: Int = 32) -> [String]? {
        var names: [String] = []
        for part in value.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
            let name = trimmed(part)
            guard names.count < limit, Token.isValid(name), let string = String(name) else { return nil }
            names.append(string)
        }
        return names
    }

    // MARK: Lists

    private static func hasToken(_ token: String, in list: String) -> Bool {
        list.utf8.split(separator: UInt8(ascii: ",")).contains { part in
            let part = trimmed(part)
            return part.count == token.utf8.count && zip(part, token.utf8).allSatisfy { lowercased($0) == $1 }
        }
    }

    private static func trimmed(_ part: Substring.UTF8View) -> Substring.UTF8View {
        var part = part
        while let first = part.first, first == 0x20 || first == 0x09 { part.removeFirst() }
        while let last = part.last, last == 0x20 || last == 0x09 { part.removeLast() }
        return part
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
    }
}
