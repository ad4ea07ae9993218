import HTTP1
import Testing

@Suite struct RequestLineTests {
    private func verdict(_ line: String) -> ConnectionVerdict {
        .of("\(line)\r\nHost: a\r\n\r\n")
    }

    @Test(arguments: [
        "", " / HTTP/1.1", "GET", "GET ", "GET /", "GET / ", "GET  / HTTP/1.1", "GET /  HTTP/1.1", " GET / HTTP/1.1",
        "GET\t/ HTTP/1.1", "GET /\tHTTP/1.1", "GET / HTTP/1.1 ", "GET / HTTP/1.32", "GET / HTTP/1.", "GET / HTTP/.1",
        "GET / HTTP/1", "GET / http/1.1", "GET / HTTP/ 1.1", "GET / HTTP/1.x", "GET / HTTP 1.1", "GET / HTTPS/1.1",
        "GET / HTTP/11", "GET / HTTP/+1.1", "GET / HTTP/1.1\t", "G=\"x\" / HTTP/1.1", "G(T / HTTP/1.1",
        "GÉT / HTTP/1.1",
        "GET HTTP/1.1", "GET /a b HTTP/1.1", "GET /\u{E9} HTTP/1.1", "GET / ICE/1.1", "\u{FEFF}GET / HTTP/1.1",
        "GET http://a/ HTTP/1.1", "GET * HTTP/1.1", "OPTIONS * HTTP/1.1", "CONNECT a:80 HTTP/1.1", "GET a HTTP/1.1",
        "GET ?a HTTP/1.1", "GET // HTTP/1.1", "GET //a/b HTTP/1.1", "GET /#a HTTP/1.1", "GET /?a#b HTTP/1.1",
        "GET /\\a HTTP/1.1", "GET /\"a HTTP/1.1", "GET /<a> HTTP/1.1", "GET /?\" HTTP/1.1",
    ])
    func `H11 a malformed request line is refused`(line: String) {
        let verdict = verdict(line)
        // An empty line is skipped once, and the line after it is no request line.
        #expect(verdict.requests.isEmpty)
        #expect(verdict.status == 400)
    }

    @Test(arguments: ["PRI * HTTP/2.0", "GET / HTTP/2.0", "GET / HTTP/1.2", "GET / HTTP/0.9", "GET / HTTP/3.0"])
    func `H11 another version is refused`(line: String) {
        #expect(verdict(line) == .refused(.unsupportedVersion))
    }

    @Test func `H11 the preface of HTTP 2 is refused`() {
        #expect(ConnectionVerdict.of("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == .refused(.unsupportedVersion))
    }

    @Test func `H11 a TLS hello is refused at its first byte`() {
        #expect(ConnectionVerdict.of([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]).status == 400)
    }

    @Test func `H11 an upgrade to HTTP 2 is a normal request`() {
        let verdict = ConnectionVerdict.ofFields(
            "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
            method: "GET")
        #expect(verdict.error == nil)
        #expect(verdict.requests.first?.flags == [.keepAlive])
    }

    @Test(arguments: [
        ("GET", Method.get), ("POST", .post), ("PUT", .put), ("DELETE", .delete), ("OPTIONS", .options),
        ("HEAD", .head),
        ("PATCH", .patch), ("get", .other("get")), ("M-SEARCH", .other("M-SEARCH")), ("TRACE", .other("TRACE")),
    ])
    func `methods are known by their exact name`(name: String, method: Method) {
        #expect(verdict("\(name) / HTTP/1.1").requests.first?.method == name)
        #expect(method.name == name)
    }

    @Test func `a method has at most 32 bytes`() {
        #expect(verdict(String(repeating: "M", count: 32) + " / HTTP/1.1").error == nil)
        #expect(verdict(String(repeating: "M", count: 33) + " / HTTP/1.1").status == 400)
    }

    @Test func `H17 every byte in a path and in a query`() {
        let everywhere = Set("!$%&'()*+,-./:;=@_~?[]{}|^`".utf8).union(UInt8(ascii: "a")...UInt8(ascii: "z"))
            .union(UInt8(ascii: "A")...UInt8(ascii: "Z")).union(UInt8(ascii: "0")...UInt8(ascii: "9"))
        for byte in UInt8.min...UInt8.max {
            for (prefix, extra) in [("/a", []), ("/a?", [UInt8(ascii: "\\")])] {
                let bytes = Array("GET \(prefix)".utf8) + [byte] + Array("41 HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
                let verdict = ConnectionVerdict.of(bytes, rounds: 1)
                let isFine = everywhere.contains(byte) || extra.contains(byte)
                #expect((verdict.error == nil) == isFine, "\(byte) after \(prefix)")
                #expect(isFine || verdict.status == 400)
            }
        }
    }

    @Test(arguments: ["%", "%4", "%G0", "%0G", "%%41", "%u0041", "%00", "%+1", "% 1", "a%", "%c3%"])
    func `H17 percent signs are followed by two digits that are not zero`(text: String) {
        #expect(verdict("GET /\(text) HTTP/1.1").status == 400)
        #expect(verdict("GET /?\(text) HTTP/1.1").status == 400)
        #expect(verdict("GET /?a=\(text) HTTP/1.1").status == 400)
    }

    @Test(arguments: [
        ("/%73ocket.io/", "/socket.io/"), ("/%25%34%31", "/%41"), ("/a+b", "/a+b"), ("/%c3%A9", "/é"), ("/", "/"),
        ("/a/../b/./c//d", "/a/../b/./c//d"), ("/%2e%2E/%2f", "/../" + "/"), ("/a%3Fb?c", "/a?b"),
    ])
    func `H17 a path is decoded exactly once`(raw: String, path: String) {
        #expect(verdict("GET \(raw) HTTP/1.1").requests.first?.path == path)
    }

    @Test(arguments: ["/%FF", "/%C3", "/%C0%AF", "/%ED%A0%80", "/%c3x"])
    func `H17 a path decodes to UTF-8`(raw: String) {
        #expect(verdict("GET \(raw) HTTP/1.1") == .refused(.badTarget))
    }

    @Test func `H17 a target of 8 KiB is fine and one byte more is not`() {
        let target = "/" + String(repeating: "a", count: 8_191)
        #expect(verdict("GET \(target) HTTP/1.1").error == nil)
        #expect(verdict("GET \(target)a HTTP/1.1") == .refused(.targetTooLong))
        #expect(verdict("GET /\(String(repeating: "a", count: 100_000))") == .refused(.targetTooLong))
    }
}
