import Foundation
import JSONScanner
import Testing

@testable import Configuration

@Suite struct OptionsTests {
    @Test func `every option is there once and says what it means`() {
        #expect(Set(Options.all.map(\.path)).count == Options.all.count)
        for option in Options.all {
            #expect(option.doc.hasSuffix(".") && option.doc.first?.isUppercase ?? false || option.doc.hasPrefix("`"))
        }
    }

    @Test func `every default is what its option accepts`() {
        for option in Options.all {
            let json =
                switch option.fallback {
                case .value(let json), .required(let json): json
                case .same, .numbered: "null"
                }
            #expect((try? JSONDocument(json)) != nil, "\(option.path)")
        }
        #expect(TestLoad("{}").errors.isEmpty)
        #expect(TestLoad(Options.defaultDocument()).errors.isEmpty)
    }

    @Test func `every variable means one option`() {
        var names: [String: String] = [:]
        for option in Options.all {
            let name = Options.environmentName(of: Options.keys(of: option.path))
            #expect(names.updateValue(option.path, forKey: name) == nil, "\(name)")
        }
    }

    @Test(arguments: [
        (["limits", "maxConnections"], "GATEHOUSE_LIMITS_MAX_CONNECTIONS"),
        (["limits", "maxConnectionsPerIP"], "GATEHOUSE_LIMITS_MAX_CONNECTIONS_PER_IP"),
        (["endpoints", "0", "allowEIO3"], "GATEHOUSE_ENDPOINTS_0_ALLOW_EIO3"),
        (["listeners", "0", "tls", "clientCA"], "GATEHOUSE_LISTENERS_0_TLS_CLIENT_CA"),
        (["endpoints", "sio", "maxHttpBufferSize"], "GATEHOUSE_ENDPOINTS_SIO_MAX_HTTP_BUFFER_SIZE"),
        (["handlers", "my-app", "url"], "GATEHOUSE_HANDLERS_MY_APP_URL"),
    ])
    func `variables are the path in capitals`(_ path: [String], _ name: String) {
        #expect(Options.environmentName(of: path) == name)
    }

    @Test func `the choices of the table are those of the model`() {
        func values(_ path: String) -> [String] {
            guard let option = Options.all.first(where: { $0.path == path }) else { return [] }
            var type = option.type
            if case .list(let element, _) = type { type = element }
            guard case .choice(let choices, _) = type else { return [] }
            return choices.filter { $0.availability == .available || path != "endpoints[].transports" }.map(\.value)
        }
        typealias Model = GatewayConfiguration
        #expect(Set(values("endpoints[].protocol")) == Set(Model.EndpointProtocol.allCases.map(\.rawValue)))
        #expect(values("listeners[].tls.minimumVersion") == Model.TLS.Version.allCases.map(\.rawValue))
        #expect(values("listeners[].proxyProtocol") == Model.ProxyProtocol.allCases.map(\.rawValue))
        #expect(values("endpoints[].slowConsumer") == Model.Endpoint.SlowConsumer.allCases.map(\.rawValue))
        #expect(values("endpoints[].cookie.sameSite") == Model.Cookie.SameSite.allCases.map(\.rawValue))
        #expect(values("routes[].mode").sorted() == Model.Route.Mode.allCases.map(\.rawValue).sorted())
        #expect(values("admin.keys[].scopes") == Model.AdminKey.Scope.allCases.map(\.rawValue))
        #expect(values("log.level") == Model.Log.Level.allCases.map(\.rawValue))
        #expect(values("log.format") == Model.Log.Format.allCases.map(\.rawValue))
        #expect(values("bus.type").allSatisfy { Model.BusType(rawValue: $0) != nil })
        #expect(Model.Endpoint.Transport.allCases.allSatisfy { values("endpoints[].transports").contains($0.rawValue) })
    }

    @Test func `the documentation has every option once`() {
        let markdown = Options.markdown()
        for option in Options.all {
            let isTop = Options.keys(of: option.path).count == 1
            let mark = isTop ? "\n## `\(option.path)`\n" : "\n| `\(option.path)` |"
            #expect(markdown.components(separatedBy: mark).count == 2, "\(option.path)")
        }
    }
}
