internal import Routing

/// What is wrong only with several options together.
extension ModelReader {
    mutating func checkTogether() {
        checkUnique()
        checkAdmin()
        checkEndpoints()
        checkLimits()
    }

    private mutating func checkUnique() {
        let listeners = document.sections("listeners")
        unique(listeners, "name", "listener")
        unique(listeners, "address", "listener") {
            Address($0).map { if case .host(_, 0) = $0 { false } else { true } } ?? false
        }
        let endpoints = document.sections("endpoints").filter { !$0.isFaulty }
        unique(endpoints, "name", "endpoint")
        var paths: Set<String> = []
        for endpoint in endpoints {
            let path = Self.path(of: endpoint)
            if !path.isEmpty, !paths.insert(path).inserted {
                problems.add(
                    endpoint["path"].place, endpoint["path"].pointer,
                    "another endpoint has the path \(endpoint["path"].quoted(path))")
            }
            guard endpoint.variant == "socket.io" else { continue }
            unique(endpoint.sections("namespaces"), "name", "namespace of this endpoint")
            unique(endpoint.sections("namespaces"), "pattern", "namespace of this endpoint")
        }
        unique(document.sections("routes"), "name", "route")
        if let admin = document.section("admin") { unique(admin.sections("keys"), "name", "key") }
    }

    private mutating func unique(
        _ sections: [Section], _ key: String, _ noun: String, where counts: (String) -> Bool = { _ in true }
    ) {
        var seen: Set<String> = []
        for section in sections {
            guard let text = section.optionalText(key), counts(text), !seen.insert(text).inserted else { continue }
            // A derived name is doubled only with what it is derived from, which has its own error.
            guard section[key].isGiven else { continue }
            problems.add(
                section[key].place, section[key].pointer, "another \(noun) has the \(key) \(section[key].quoted(text))")
        }
    }

    private mutating func checkAdmin() {
        guard let admin = document.section("admin"), let address = Address(admin.text("address")) else { return }
        let place = admin["address"].isGiven ? admin["address"].place : admin.place
        if !address.isLocal, admin.sections("keys").isEmpty {
            let name = admin["address"].quoted("\(address)")
            problems.add(
                place, admin["address"].pointer,
                "\(name) is reachable from other machines: \"keys\" are needed, or an address on loopback")
        }
        if case .host(_, 0) = address { return }
        for listener in document.sections("listeners") where Address(listener.text("address")) == address {
            let value = listener["address"]
            problems.add(value.place, value.pointer, "\(value.quoted("\(address)")) is the address of \"admin\"")
        }
    }

    private mutating func checkEndpoints() {
        for endpoint in document.sections("endpoints") where endpoint.variant != "static" && !endpoint.isFaulty {
            if let cors = endpoint.section("cors"), cors.bool("credentials"), cors.texts("origin").contains("*") {
                let value = cors["credentials"]
                problems.add(value.place, value.pointer, "credentials need a list of origins, not \"*\"")
            }
            checkCookies(of: endpoint)
            checkRecovery(of: endpoint)
            if let cookie = endpoint.section("cookie"), cookie.text("sameSite") == "none", !cookie.bool("secure") {
                let value = cookie["sameSite"]
                problems.add(value.place, value.pointer, "browsers refuse \"none\" without \"secure\": true")
            }
        }
    }

    /// Browsers send cookies with whatever a page makes them request, a WebSocket's handshake included.
    private mutating func checkCookies(of endpoint: Section) {
        let cors = endpoint.section("cors")
        let isOpen = document.texts("origins").contains("*")
        if isOpen, let cors, cors.bool("credentials"), !cors.texts("origin").contains("*") {
            let value = cors["credentials"]
            problems.add(value.place, value.pointer, "credentials need a list of \"origins\", not \"*\"")
        }
        guard isOpen || cors?.texts("origin").contains("*") ?? false,
            let jwt = endpoint.section("auth")?.section("jwt"), !jwt.isNull("cookie")
        else { return }
        let value = jwt["cookie"]
        problems.add(
            value.place, value.pointer,
            "a token in a cookie needs a list of origins, not \"*\": any page could use its visitors' tokens")
    }

    /// Whoever recovers gets all that was sent since its last event, and would never learn of a gap before that one.
    private mutating func checkRecovery(of endpoint: Section) {
        if endpoint.variant == "websocket", endpoint.isNull("format"), !endpoint.isNull("connectionStateRecovery") {
            let value = endpoint["connectionStateRecovery"]
            problems.add(value.place, value.pointer, "raw messages are not kept: this needs \"format\": \"json\"")
        }
        let policy = endpoint["slowConsumer"]
        guard endpoint.section("connectionStateRecovery") != nil, let name = endpoint.optionalText("slowConsumer"),
            name != GatewayConfiguration.Endpoint.SlowConsumer.close.rawValue
        else { return }
        problems.add(
            policy.place, policy.pointer,
            "\(policy.quoted(name)) drops events, so \"connectionStateRecovery\" could not give back all that was missed; "
                + "use \"close\"")
    }

    private mutating func checkLimits() {
        guard let limits = document.section("limits") else { return }
        let (soft, hard) = (limits["outputSoft"], limits["outputHard"])
        guard case .integer(let low) = soft.content, case .integer(let high) = hard.content, low > high else { return }
        let value = soft.isGiven ? soft : hard
        problems.add(value.place, value.pointer, "\"outputSoft\" is larger than \"outputHard\"")
    }
}
