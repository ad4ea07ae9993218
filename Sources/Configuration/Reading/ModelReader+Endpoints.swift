internal import Routing

extension ModelReader {
    mutating func endpoint(_ section: Section) -> GatewayConfiguration.Endpoint {
        let kind: GatewayConfiguration.EndpointProtocol = section.choice("protocol", default: .static)
        return .init(
            name: section.text("name"),
            path: Self.path(of: section),
            protocol: kind,
            transports: Set(section.texts("transports").compactMap(GatewayConfiguration.Endpoint.Transport.init)),
            pingInterval: section.duration("pingInterval"),
            pingTimeout: section.duration("pingTimeout"),
            upgradeTimeout: section.duration("upgradeTimeout"),
            connectTimeout: section.duration("connectTimeout"),
            maxHttpBufferSize: section.integer("maxHttpBufferSize"),
            allowUpgrades: section.bool("allowUpgrades"),
            allowEIO3: section.bool("allowEIO3"),
            addTrailingSlash: section.bool("addTrailingSlash"),
            perMessageDeflate: section.section("perMessageDeflate").map { perMessageDeflate($0) },
            httpCompression: section.section("httpCompression")?.integer("threshold"),
            cookie: section.section("cookie").map { cookie($0) },
            cors: section.section("cors").map { cors($0) },
            cleanupEmptyChildNamespaces: section.bool("cleanupEmptyChildNamespaces"),
            maxAttachments: section.integer("maxAttachments"),
            serveClient: section.optionalText("serveClient"),
            recoveryWindow: section.section("connectionStateRecovery")?.duration("maxDisconnectionDuration"),
            namespaces: namespaces(of: section),
            auth: auth(of: section),
            slowConsumer: section.choice("slowConsumer", default: .close),
            format: section.optionalText("format").flatMap(GatewayConfiguration.Endpoint.Format.init),
            maxMessageSize: section.integer("maxMessageSize"),
            maxFragments: section.integer("maxFragments"),
            maxWait: section.duration("maxWait"),
            pollTimeout: section.duration("pollTimeout"),
            subprotocols: section.texts("subprotocols"),
            directory: section.text("directory"))
    }

    /// The path as it is served: Socket.IO's `/socket.io` is `/socket.io/` unless `addTrailingSlash` is off.
    static func path(of section: Section) -> String {
        let path = section.text("path")
        guard section.variant != "static", section.bool("addTrailingSlash"), !path.isEmpty, !path.hasSuffix("/")
        else { return path }
        return path + "/"
    }

    private mutating func namespaces(of section: Section) -> [GatewayConfiguration.NamespaceRule] {
        if let name = section.optionalText("namespace") { return [.init(names: .name(name), max: 1, presence: false)] }
        return section.sections("namespaces").compactMap { namespace($0) }
    }

    private mutating func auth(of section: Section) -> GatewayConfiguration.Auth? {
        let rooms = section.list("rooms").compactMap { template($0) }
        guard let auth = section.section("auth") else {
            return rooms.isEmpty ? nil : .init(required: false, rooms: rooms)
        }
        var model = self.auth(auth)
        model.rooms = rooms + model.rooms
        return model
    }

    private func perMessageDeflate(_ section: Section) -> GatewayConfiguration.PerMessageDeflate {
        .init(
            threshold: section.integer("threshold"),
            serverNoContextTakeover: section.bool("serverNoContextTakeover"),
            clientNoContextTakeover: section.bool("clientNoContextTakeover"),
            serverMaxWindowBits: section.integer("serverMaxWindowBits"),
            clientMaxWindowBits: section.integer("clientMaxWindowBits"))
    }

    private func cookie(_ section: Section) -> GatewayConfiguration.Cookie {
        .init(
            name: section.text("name"), path: section.text("path"), domain: section.optionalText("domain"),
            httpOnly: section.bool("httpOnly"), secure: section.bool("secure"),
            sameSite: section.choice("sameSite", default: .lax), maxAge: section.optionalDuration("maxAge"))
    }

    private func cors(_ section: Section) -> GatewayConfiguration.CORS {
        let origins = section.texts("origin")
        return .init(
            origins: origins.contains("*") ? .any : .list(origins),
            methods: section.texts("methods"),
            allowedHeaders: section.isNull("allowedHeaders") ? nil : section.texts("allowedHeaders"),
            exposedHeaders: section.texts("exposedHeaders"),
            credentials: section.bool("credentials"),
            maxAge: section.optionalDuration("maxAge"),
            optionsSuccessStatus: section.integer("optionsSuccessStatus"))
    }

    private mutating func namespace(_ section: Section) -> GatewayConfiguration.NamespaceRule? {
        let name = section.optionalText("name")
        let pattern = section.optionalText("pattern")
        guard section.isNull("name") != section.isNull("pattern") else {
            problems.add(section.place, section.pointer, "a namespace needs \"name\" or \"pattern\", and not both")
            return nil
        }
        let presence = section.bool("presence")
        if let name { return .init(names: .name(name), max: 1, presence: presence) }
        guard let pattern, let compiled = NamespacePattern(pattern) else { return nil }
        return .init(names: .pattern(pattern, compiled), max: section.integer("max"), presence: presence)
    }

    private mutating func auth(_ section: Section) -> GatewayConfiguration.Auth {
        let isRequired = section["required"]
        // Nothing verifies a token, so whoever reads the file would believe in a lock that is not there.
        if isRequired.isGiven, section.bool("required"), section.isNull("jwt"), section.isNull("certificate") {
            problems.add(
                isRequired.place, isRequired.pointer,
                "\"required\" needs \"jwt\", which says how tokens are verified, or \"certificate\"")
        }
        let asksForCertificates = document.sections("listeners").contains { listener in
            listener.section("tls").map { !$0.isNull("clientCA") } ?? false
        }
        if !section.isNull("certificate"), !asksForCertificates {
            problems.add(
                section["certificate"].place, section["certificate"].pointer,
                "no listener has \"tls\" with \"clientCA\", so nobody shows a certificate")
        }
        return .init(
            required: section.bool("required"), jwt: section.section("jwt").flatMap { jwt($0) },
            certificate: section.optionalText("certificate").flatMap(GatewayConfiguration.CertificateName.init),
            refreshBefore: section.duration("refreshBefore"),
            rooms: section.list("rooms").compactMap { template($0) })
    }

    /// Compiles a checked text; nil after a problem.
    mutating func template(_ value: CheckedValue) -> Template? {
        guard case .text(let text) = value.content else { return nil }
        switch Template.compile(text, pointer: value.pointer) {
        case .success(let template): return template
        case .failure(let error):
            problems.add(value.place, value.pointer, Self.message(error.message, about: value.written))
            return nil
        }
    }
}
