import Testing

@testable import Configuration

@Suite struct ConfigurationLoaderTests {
    @Test func `the embedded document is one Socket IO endpoint on loopback`() throws {
        let configuration = try TestLoad(ConfigurationLoader.embedded, file: nil).get()
        #expect(configuration.listeners.map(\.address) == [.host("127.0.0.1", port: 8080)])
        #expect(configuration.endpoints.map(\.path) == ["/socket.io/"])
        #expect(configuration.endpoints.map(\.protocol) == [.socketIO])
        #expect(configuration.handlers.isEmpty)
        #expect(configuration.routes.isEmpty)
        #expect(try TestLoad("{}").get().show() == configuration.show())
    }

    @Test func `errors of the embedded document name it`() {
        #expect(TestLoad("{", file: nil).errors == ["built-in:1:2: unexpected end of input"])
    }

    @Test func `columns count characters, not bytes`() {
        #expect(TestLoad(#"{ "_": "äöü", "x": 1 }"#).errors == [#"gateway.json:1:15 /x: unknown key "x""#])
    }

    @Test func `a document that is too large or too deep is refused`() {
        let deep = String(repeating: "[", count: 100_000)
        #expect(TestLoad(deep).errors == ["gateway.json:1:65: nested too deeply"])
        let large = String(repeating: " ", count: ConfigurationLoader.maxBytes + 1)
        #expect(TestLoad(large).errors == ["gateway.json:1:1: too large"])
    }

    @Test func `any cut of a document is refused, and never more than that`() {
        let text = Array(ConfigurationLoader.embedded.utf8.dropLast(2))
        for length in 0..<text.count - 1 {
            let result = ConfigurationLoader.load(
                file: "f", bytes: Array(text[..<length]), directory: "/", environment: [:], overrides: [])
            guard case .failure(let errors) = result else {
                Issue.record("cut after \(length) bytes it is accepted")
                continue
            }
            #expect(errors.all.count == 1)
        }
    }

    @Test func `paths are absolute, relative to the file that names them`() throws {
        let text = """
            {
                "listeners": [ { "address": "unix:gateway.sock" } ],
                "endpoints": [
                    { "path": "/socket.io/", "protocol": "socket.io", "serveClient": "js/socket.io.min.js" },
                    { "path": "/", "protocol": "static", "directory": "/srv/demo" }
                ],
                "handlers": { "app": { "type": "http", "url": "http://h/", "tls": { "ca": "ca.pem" } },
                              "other": { "type": "http", "url": "http://h/" } }
            }
            """
        let configuration = try TestLoad(text, overrides: ["handlers.other.tls.ca=other.pem"]).get()
        #expect(configuration.listeners.map(\.address) == [.unix(path: "/etc/gatehouse/gateway.sock")])
        #expect(configuration.endpoints[0].serveClient == "/etc/gatehouse/js/socket.io.min.js")
        #expect(configuration.endpoints[1].directory == "/srv/demo")
        #expect(configuration.outbox.path == "/etc/gatehouse/outbox.db")
        guard case .http(let handler) = configuration.handlers["app"] else { return }
        #expect(handler.certificateAuthority == "/etc/gatehouse/ca.pem")
        guard case .http(let other) = configuration.handlers["other"] else { return }
        #expect(other.certificateAuthority == "other.pem")
    }

    @Test func `the node is named after the host where nobody names it`() throws {
        #expect(try TestLoad("{}").get().node.id == "n1")
        let result = ConfigurationLoader.load(
            file: nil, bytes: Array("{}".utf8), directory: "/", environment: [:], overrides: [])
        #expect(try !result.get().node.id.isEmpty)
    }
}
