import Testing

@testable import Configuration

@Suite struct TableCheckTests {
    @Test(arguments: BrokenDocument.all)
    func `a broken document is refused with exactly these lines`(_ broken: BrokenDocument) {
        let result = TestLoad(
            broken.document, environment: broken.environment, overrides: broken.overrides,
            files: ["/etc/gatehouse/key": "k3y\n"]
        ).result
        guard case .failure(let errors) = result else {
            Issue.record("\(broken.name) is accepted")
            return
        }
        #expect(errors.all.map(\.description) == broken.errors)
    }

    @Test func `there are many ways to be wrong`() {
        #expect(BrokenDocument.all.count >= 150)
        #expect(Set(BrokenDocument.all.map(\.name)).count == BrokenDocument.all.count)
    }

    @Test func `no error shows a resolved value`() {
        for broken in BrokenDocument.all {
            for line in broken.errors {
                #expect(!line.contains("s3cr3t"))
                #expect(!line.contains("k3y"))
            }
        }
    }

    @Test func `keys that begin with an underscore are comments, however often`() throws {
        let text = """
            {
                "_why": 1, "_why": { "limits": true },
                "$schema": "gateway.schema.json",
                "handlers": { "_app": 5, "app": { "type": "http", "url": "http://h/", "_timeout": 3 } },
                "routes": [ { "_": "${env:NOWHERE}", "handler": "app" } ]
            }
            """
        #expect(try TestLoad(text).get().handlers.keys.sorted() == ["app"])
    }

    @Test func `what asks for nothing may be written`() throws {
        let text = """
            {
                "listeners": [ { "address": "127.0.0.1:80", "tls": null, "proxyProtocol": "off",
                                 "trustedProxies": [] } ],
                "endpoints": [ {
                    "path": "/socket.io/", "protocol": "socket.io", "allowEIO3": false, "perMessageDeflate": false,
                    "connectionStateRecovery": null, "auth": { "jwt": null, "rooms": ["user:{user}"] },
                    "namespaces": [ { "name": "/", "presence": false } ]
                } ],
                "bus": { "type": "memory" },
                "tracing": { "endpoint": null }
            }
            """
        let environment = ["GATEHOUSE_ENDPOINTS_0_ALLOW_EIO3": "false", "GATEHOUSE_LISTENERS_0_PROXY_PROTOCOL": "off"]
        let endpoint = try #require(try TestLoad(text, environment: environment).get().endpoints.first)
        #expect(endpoint.auth?.rooms.count == 1)
    }
}
