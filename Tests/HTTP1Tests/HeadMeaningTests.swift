import HTTP1
import Testing

@Suite struct HeadMeaningTests {
    private func host(_ lines: String, version: String = "1.1") -> ConnectionVerdict {
        .of("GET / HTTP/\(version)\r\n\(lines)\r\n\r\n")
    }

    @Test(arguments: [
        "X: y", "Host: a\r\nHost: a", "Host: a\r\nhost: b", "Host:", "Host:  ", "Host: a b", "Host: a,b", "Host: a/b",
        "Host: u@a", "Host: a?b", "Host: a#b", "Host: a:b", "Host: a:65536", "Host: a:99999999999999999999",
        "Host: a:1:2",
        "Host: :80", "Host: []", "Host: [::1", "Host: [::1]x", "Host: [::g]", "Host: a%", "Host: a%zz", "Host: é",
        "Host: a\\b", "Host: \"a\"", "Host: http://a", "Host: a:-1", "Host: [::1]:x", "Host: a%00", "Host: ::1",
    ])
    func `H12 a missing, repeated or malformed host is refused`(lines: String) {
        #expect(host(lines) == .refused(.badHost))
    }

    @Test(arguments: [
        "a", "example.com", "EXAMPLE.com:443", "127.0.0.1:8080", "[::1]", "[::ffff:1.2.3.4]:80", "a:", "a_b",
        "xn--e1a.x",
        "a%41", "localhost:65535", "host.docker.internal.",
    ])
    func `H12 hosts that are fine`(value: String) {
        #expect(host("Host: \(value)").error == nil)
    }

    @Test func `H12 HTTP 1-0 needs no host but not two either`() {
        #expect(host("X: y", version: "1.0").error == nil)
        #expect(host("Host: a\r\nHost: a", version: "1.0").status == 400)
    }

    @Test(arguments: [
        ("1.1", "", true), ("1.1", "close", false), ("1.1", "Close", false), ("1.1", "keep-alive", true),
        ("1.1", "keep-alive, close", false), ("1.1", "x,close,y", false), ("1.1", "closed", true), ("1.0", "", false),
        ("1.0", "keep-alive", true), ("1.0", "Keep-Alive", true), ("1.0", "keep-alive, close", false),
        ("1.1", ", ,close", false), ("1.1", "te\r\nConnection: close", false),
    ])
    func `keep-alive depends on the version and the tokens`(version: String, connection: String, expected: Bool) {
        let verdict = ConnectionVerdict.ofFields("Connection: \(connection)", method: "GET", version: version)
        #expect(verdict.requests.first?.flags.contains(.keepAlive) == expected)
    }

    @Test(arguments: [
        ("websocket", "upgrade", true), ("WebSocket", "keep-alive, UPGRADE", true), ("h2c, websocket", "Upgrade", true),
        ("websocket", "keep-alive", false), ("h2c", "upgrade", false), ("websockets", "upgrade", false),
        ("websocket/13", "upgrade", false), ("", "upgrade", false), ("websocket", "", false),
    ])
    func `an upgrade needs both tokens`(upgrade: String, connection: String, expected: Bool) {
        let verdict = ConnectionVerdict.ofFields("Upgrade: \(upgrade)\r\nConnection: \(connection)", method: "GET")
        #expect(verdict.requests.first?.flags.contains(.isWebSocketUpgrade) == expected)
    }

    @Test(arguments: ["gzip", "deflate", "br", "GZIP", "identity, gzip", "x", "gzip, identity"])
    func `H22 an encoded body is refused`(value: String) {
        #expect(ConnectionVerdict.ofFields("Content-Encoding: \(value)\r\nContent-Length: 1").status == 415)
    }

    @Test(arguments: ["identity", "Identity", ""])
    func `H22 identity is no encoding`(value: String) {
        #expect(ConnectionVerdict.ofFields("Content-Encoding: \(value)\r\nContent-Length: 1", body: "x").error == nil)
    }

    @Test(arguments: ["x", "100-continue, x", "", "100", "100-continue;q=1", "200-ok"])
    func `H23 an unknown expectation is refused`(value: String) {
        #expect(ConnectionVerdict.ofFields("Expect: \(value)\r\nContent-Length: 1").status == 417)
    }

    @Test func `H23 continue is for a body that is still to come, in HTTP 1-1`() {
        let expects = { (verdict: ConnectionVerdict) in
            verdict.requests.first?.flags.contains(.expectsContinue)
        }
        #expect(expects(.ofFields("Expect: 100-Continue\r\nContent-Length: 1", body: "x")) == true)
        #expect(expects(.ofFields("Expect: 100-continue\r\nTransfer-Encoding: chunked", body: "0\r\n\r\n")) == true)
        #expect(expects(.ofFields("Expect: 100-continue\r\nContent-Length: 0")) == false)
        #expect(expects(.ofFields("Expect: 100-continue", method: "GET")) == false)
        #expect(expects(.ofFields("Expect: 100-continue\r\nContent-Length: 1", version: "1.0", body: "x")) == false)
    }
}
