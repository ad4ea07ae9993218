internal import JSONScanner
internal import Routing

/// Turns a judged document into the typed model, and finds what only several options together can have wrong.
///
/// It runs on faulty documents too, so that all problems are told at once; its model is then thrown away.
struct ModelReader {
    let document: Section
    var problems: Problems

    init(document: Section, problems: Problems) {
        self.document = document
        self.problems = problems
    }

    mutating func read(shown: String) -> GatewayConfiguration {
        let configuration = GatewayConfiguration(
            node: .init(id: root("node").text("id")),
            listeners: listeners(),
            admin: admin(),
            origins: document.texts("origins"),
            endpoints: document.sections("endpoints").map { endpoint($0) },
            handlers: handlers(),
            routes: document.sections("routes").map { route($0) },
            bus: document.section("bus")?.choice("type", default: .memory) ?? .memory,
            history: history(),
            outbox: outbox(),
            limits: limits(),
            timeouts: timeouts(),
            drain: drain(),
            log: log(),
            tracing: .init(endpoint: document.section("tracing")?.optionalText("endpoint")),
            shown: shown)
        checkTogether()
        return configuration
    }

    /// A section of the root; empty when there is a problem with it.
    private func root(_ key: String) -> Section {
        document.section(key)
            ?? Section(node: document.node[key] ?? document.node, pointer: "/\(key)", place: .builtIn, isFaulty: true)
    }

    private mutating func listeners() -> [GatewayConfiguration.Listener] {
        let sections = document.sections("listeners")
        for section in sections {
            // A faulty list has its own error.
            guard section.choice("proxyProtocol", default: GatewayConfiguration.ProxyProtocol.off) != .off,
                case .list(let networks) = section["trustedProxies"].content, networks.isEmpty
            else { continue }
            problems.add(
                section["proxyProtocol"].place, section["proxyProtocol"].pointer,
                "\"proxyProtocol\" needs \"trustedProxies\", which says who may send it")
        }
        return sections.map { listener($0) }
    }

    private func listener(_ section: Section) -> GatewayConfiguration.Listener {
        .init(
            name: section.text("name"),
            address: Address(section.text("address")) ?? .host("", port: 0),
            health: section.optionalText("health"),
            tls: section.section("tls").map { tls($0) },
            trustedProxies: section.texts("trustedProxies").compactMap(AddressRange.init),
            clientAddressHeader: section.text("clientAddressHeader").lowercased(),
            proxyProtocol: section.choice("proxyProtocol", default: .off))
    }

    private func tls(_ section: Section) -> GatewayConfiguration.TLS {
        .init(
            certificate: section.text("certificate"),
            key: section.text("key"),
            minimumVersion: section.choice("minimumVersion", default: .v12),
            clientCA: section.optionalText("clientCA"),
            requiresClientCertificate: section.text("clientCertificates") != "optional",
            ticketKeys: section.optionalText("ticketKeys"),
            certificates: section.sections("certificates").map { further in
                .init(
                    names: further.texts("names"), certificate: further.text("certificate"), key: further.text("key"))
            })
    }

    private func admin() -> GatewayConfiguration.Admin? {
        guard let section = document.section("admin") else { return nil }
        return .init(
            address: Address(section.text("address")) ?? .host("", port: 0),
            keys: section.sections("keys").map { key in
                .init(
                    name: key.text("name"), secret: Secret(key.text("secret")),
                    scopes: Set(key.texts("scopes").compactMap(GatewayConfiguration.AdminKey.Scope.init)))
            })
    }

    private func handlers() -> [String: GatewayConfiguration.Handler] {
        var handlers: [String: GatewayConfiguration.Handler] = [:]
        for (name, section) in document.named("handlers") where !section.isFaulty {
            handlers[name] = .http(
                .init(
                    url: section.text("url"),
                    timeout: section.duration("timeout"),
                    concurrency: section.integer("concurrency"),
                    signingKeys: section.texts("signingKeys").map(Secret.init),
                    forwardHeaders: section.texts("forwardHeaders").map { $0.lowercased() },
                    certificateAuthority: section.section("tls")?.optionalText("ca"),
                    maxAttempts: section.integer("maxAttempts"),
                    maxAge: section.duration("maxAge")))
        }
        return handlers
    }

    private func history() -> GatewayConfiguration.History {
        let section = root("history")
        return .init(
            maxMessages: section.integer("maxMessages"), maxBytes: section.integer("maxBytes"),
            maxAge: section.duration("maxAge"), maxReplay: section.integer("maxReplay"),
            checkpoint: section.optionalText("checkpoint"))
    }

    private func outbox() -> GatewayConfiguration.Outbox {
        let section = root("outbox")
        return .init(path: section.text("path"), maxBytes: section.integer("maxBytes"))
    }

    private func limits() -> GatewayConfiguration.Limits {
        let section = root("limits")
        return .init(
            maxConnections: section.integer("maxConnections"),
            acceptRate: section.rate("acceptRate"),
            maxConnectionsPerIP: section.integer("maxConnectionsPerIP"),
            maxHandshakes: section.integer("maxHandshakes"),
            handshakesPerIP: section.rate("handshakesPerIP"),
            maxPendingPerIP: section.integer("maxPendingPerIP"),
            messagesPerSocket: section.rate("messagesPerSocket"),
            outputSoft: section.integer("outputSoft"),
            outputHard: section.integer("outputHard"),
            maxRoomsPerSocket: section.integer("maxRoomsPerSocket"),
            memoryBudget: section.memoryBudget("memoryBudget"))
    }

    private func timeouts() -> GatewayConfiguration.Timeouts {
        let section = root("timeouts")
        return .init(
            header: section.duration("header"), handshake: section.duration("handshake"),
            writeProgress: section.duration("writeProgress"))
    }

    private func drain() -> GatewayConfiguration.Drain {
        let section = root("drain")
        return .init(
            delay: section.duration("delay"), window: section.duration("window"), hardStop: section.duration("hardStop")
        )
    }

    private func log() -> GatewayConfiguration.Log {
        let section = root("log")
        return .init(
            level: section.choice("level", default: .info), format: section.choice("format", default: .auto))
    }
}
