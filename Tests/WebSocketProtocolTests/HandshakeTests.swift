import NIOCore
import Testing
import WebSocketProtocol

@Suite struct HandshakeTests {
    private let key = "dGhlIHNhbXBsZSBub25jZQ=="

    @Test func `the accept value of the RFC`() {
        #expect(Handshake.accept(forKey: key) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        #expect(Handshake.accept(forKey: Array(key.utf8)) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        #expect(Handshake.accept(forKey: "AQIDBAUGBwgJCgsMDQ4PEA==") == "C/0nmHhBztSRGR1CwL6Tf4ZjwpY=")
    }

    @Test(arguments: ["websocket", "WebSocket", "h2c, websocket", " websocket ,x"], ["upgrade", "a, Upgrade"])
    func `a proper request is fine`(upgrade: String, connection: String) {
        #expect(Handshake.check(version: "13", key: key, upgrade: upgrade, connection: connection) == .ok)
    }

    @Test(arguments: [nil, "1337", "8", "", "013", "13, 8", " 13"] as [String?])
    func `H24 another version is told which one is served`(version: String?) {
        #expect(
            Handshake.check(version: version, key: key, upgrade: "websocket", connection: "Upgrade") == .badVersion)
    }

    @Test(
        arguments: [
            nil, "", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZTE=",
            "dGhlIHNhbXBsZSBub25jZTEyMw==", "dGhlIHNhbXBsZSBub25j!Q==",
            "dGhlIHNhbXBsZSBub25jZQ= ", "dGhlIHNhbXBsZSBub25jZQAA", "éééééééééééé",
        ] as [String?])
    func `H24 a key is sixteen bytes`(key: String?) {
        #expect(Handshake.check(version: "13", key: key, upgrade: "websocket", connection: "Upgrade") == .badRequest)
    }

    @Test(
        arguments: [
            (nil, "upgrade"), ("websocket", nil), ("h2c", "upgrade"), ("websocket", "close"), ("websockets", "upgrade"),
            ("websocket", "x-upgrade"), ("websocket/13", "upgrade"), ("", ""),
        ] as [(String?, String?)])
    func `H24 both fields have to name the upgrade`(upgrade: String?, connection: String?) {
        #expect(Handshake.check(version: "13", key: key, upgrade: upgrade, connection: connection) == .badRequest)
    }

    @Test func `the key that section 4-1 of the RFC prints is accepted although its last bits are not zero`() {
        let key = "AQIDBAUGBwgJCgsMDQ4PEC=="
        #expect(Handshake.check(version: "13", key: key, upgrade: "websocket", connection: "Upgrade") == .ok)
    }

    @Test func `the response`() {
        var buffer = ByteBuffer()
        Handshake.writeResponse(key: key, into: &buffer)
        let plain =
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
        #expect(String(buffer: buffer) == plain + "\r\n")
        buffer.clear()
        Handshake.writeResponse(key: key, subprotocol: "chat.v2", into: &buffer)
        #expect(String(buffer: buffer) == plain + "Sec-WebSocket-Protocol: chat.v2\r\n\r\n")
        buffer.clear()
        Handshake.writeResponse(key: key, subprotocol: "a\r\nSet-Cookie: b", into: &buffer)
        #expect(String(buffer: buffer) == plain + "\r\n")
    }

    @Test func `H25 subprotocol offers are read in linear time and are few`() {
        #expect(Handshake.subprotocols("chat") == ["chat"])
        #expect(Handshake.subprotocols("v2.chat ,\tv1.chat") == ["v2.chat", "v1.chat"])
        #expect(Handshake.subprotocols("constructor") == ["constructor"])
        let bad = ["", ",", "a,", "a;__proto__", "a b", "\"a\"", "é", String(repeating: " ", count: 8_192)]
        for value in bad { #expect(Handshake.subprotocols(value) == nil, "\(value.prefix(20))") }
        #expect(Handshake.subprotocols(String(repeating: ",", count: 8_192)) == nil)
        #expect(Handshake.subprotocols(Array(repeating: "a", count: 32).joined(separator: ",")) != nil)
        #expect(Handshake.subprotocols(Array(repeating: "a", count: 33).joined(separator: ",")) == nil)
    }
}
