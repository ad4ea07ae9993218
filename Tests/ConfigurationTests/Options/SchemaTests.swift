import JSONScanner
import Testing

@testable import Configuration

@Suite struct SchemaTests {
    @Test func `the published schema is the generated one`() throws {
        #expect(try PublishedFile.text("gateway.schema.json") == Options.schema(), "gatehouse config schema")
    }

    @Test func `the published documents satisfy the schema and load`() throws {
        let schema = try SchemaValidator(Options.schema())
        for name in try PublishedFile.examples() {
            let text = try PublishedFile.text(name)
            #expect(try schema.isValid(JSONDocument(text).root), "\(name)")
            #expect(TestLoad(text).errors.isEmpty, "\(name)")
        }
    }

    @Test(arguments: [
        #"{"listenrs":[]}"#, #"{"limits":{"maxConnections":0}}"#, #"{"limits":{"maxConnections":"5"}}"#,
        #"{"timeouts":{"header":10}}"#, #"{"timeouts":{"header":"10"}}"#, #"{"limits":{"acceptRate":1000}}"#,
        #"{"drain":{"delay":5}}"#,
        #"{"listeners":[]}"#, #"{"listeners":[{}]}"#, #"{"log":{"level":"loud"}}"#,
        #"{"handlers":{"a":{"type":"nats"}}}"#,
        #"{"endpoints":[{"path":"/","protocol":"gopher"}]}"#, #"{"endpoints":[{"path":"/","protocol":"static"}]}"#,
        #"{"endpoints":[{"path":"/","protocol":"socket.io","directory":"x"}]}"#, #"{"limits":null}"#,
        #"{"endpoints":[{"path":"/","protocol":"socket.io","namespaces":[5]}]}"#,
        #"{"routes":[{"match":{"events":"a"}}]}"#,
        #"{"routes":[{"actions":[{}]}]}"#, #"{"listeners":[{"address":"a:1","tls":{}}]}"#, "[]",
        #"{"listeners":[{"address":"a:1","tls":{"certificate":"c","key":"k","minimumVersion":"1.1"}}]}"#,
        #"{"listeners":[{"address":"a:1","proxyProtocol":"auto"}]}"#, #"{"limits":{"maxConnectionsPerIP":0}}"#,
        #"{"listeners":[{"address":"a:1","trustedProxies":"10.0.0.0/8"}]}"#,
        #"{"endpoints":[{"path":"/","protocol":"socket.io","auth":{"jwt":{"jwks":"k"}}}]}"#,
        #"{"endpoints":[{"path":"/","protocol":"socket.io","auth":{"jwt":{"jwks":"k","algorithms":["none"]}}}]}"#,
        #"{"endpoints":[{"path":"/","protocol":"engine.io","auth":{"rooms":[]}}]}"#,
    ])
    func `the schema refuses what the gateway refuses`(_ text: String) throws {
        #expect(try !SchemaValidator(Options.schema()).isValid(JSONDocument(text).root))
        #expect(!TestLoad(text).errors.isEmpty)
    }

    @Test(arguments: [
        "{}", #"{"_x":1,"$schema":"s","limits":{"_y":[],"maxConnections":"${env:PORT}"}}"#, #"{"admin":null}"#,
        #"{"endpoints":[{"path":"/","protocol":"socket.io","cookie":true,"httpCompression":false,"cors":null}]}"#,
        #"{"endpoints":[{"path":"/","protocol":"socket.io","namespaces":["/",{"pattern":"/t-{id}"}]}]}"#,
        #"{"limits":{"outputHard":"2MiB","outputSoft":1000}}"#,
        #"{"routes":[{"match":{"event":["a","b*"]},"ack":"{args}"}]}"#,
        #"{"listeners":[{"address":"a:1","tls":{"certificate":"c","key":"k"},"clientAddressHeader":"forwarded"}]}"#,
        #"{"listeners":[{"address":"a:1","proxyProtocol":"v2","trustedProxies":["10.0.0.0/8","::1"]}]}"#,
        #"{"endpoints":[{"path":"/","protocol":"socket.io","auth":{"jwt":{"jwks":"k","algorithms":["ES256"]}}}]}"#,
        #"{"limits":{"acceptRate":"1/s","maxConnectionsPerIP":1,"messagesPerSocket":"60/m"}}"#,
    ])
    func `the schema accepts what the gateway accepts`(_ text: String) throws {
        #expect(try SchemaValidator(Options.schema()).isValid(JSONDocument(text).root))
        #expect(TestLoad(text).errors == [])
    }
}
