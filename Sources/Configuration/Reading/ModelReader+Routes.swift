internal import JSONScanner
internal import Routing

extension ModelReader {
    mutating func route(_ section: Section) -> GatewayConfiguration.Route {
        let match = compiled(section["match"]) { RouteMatch.compile($0, pointer: $1) } ?? RouteMatch()
        let route = GatewayConfiguration.Route(
            name: section.text("name"),
            match: match,
            require: compiled(section["require"]) { Requirement.compile($0, pointer: $1) },
            handler: section.optionalText("handler"),
            mode: section.choice("mode", default: .request),
            orderBy: lane(section["orderBy"]),
            timeout: section.optionalDuration("timeout"),
            idempotent: section.bool("idempotent"),
            dedupe: template(section["dedupe"]),
            disconnectsAtOnce: section.optionalText("disconnected") == "immediate",
            batch: section.section("batch").map { .init(max: $0.integer("max"), linger: $0.duration("linger")) },
            actions: compiled(section["actions"]) { ActionParser.compile($0, pointer: $1) } ?? [],
            ack: compiled(section["ack"]) { AckTemplate.compile($0, pointer: $1) })
        checkPurpose(of: section)
        checkBatch(of: section, mode: route.mode)
        checkReferences(of: section, match: match)
        if match.types == [.connect], route.mode != .request, section["mode"].isGiven {
            problems.add(
                section["mode"].place, section["mode"].pointer,
                "\"socket.connect\" waits for its answer: its mode is always \"request\"")
        }
        return route
    }

    private mutating func lane(_ value: CheckedValue) -> GatewayConfiguration.Lane {
        guard case .text(let text) = value.content else { return .socket }
        switch text {
        case "user": return .user
        case "none": return .none
        case "socket": return .socket
        default:
            let expression = String(text.dropFirst("room:".count))
            var path = value
            path.content = .text("{\(expression)}")
            return template(path) == nil ? .socket : .room(expression)
        }
    }

    /// A route does something itself or hands over, and not both.
    ///
    /// An empty list of actions takes an event and drops it.
    private mutating func checkPurpose(of section: Section) {
        let isHandedOver = section["handler"].isGiven && !section.isNull("handler")
        if isHandedOver, section["actions"].isChanged {
            problems.add(
                section["actions"].place, section["actions"].pointer,
                "a route with a \"handler\" has no \"actions\" of its own")
        }
        if isHandedOver, section["ack"].isChanged, section.optionalText("mode") == "request" {
            problems.add(
                section["ack"].place, section["ack"].pointer,
                "with the mode \"request\" the ack is the handler's answer")
        }
        guard !isHandedOver else { return }
        if !section["actions"].isGiven, !section["ack"].isChanged {
            problems.add(section.place, section.pointer, "a route needs \"handler\" or \"actions\"")
        }
        for key in ["mode", "orderBy", "timeout", "idempotent", "dedupe", "batch"] where section[key].isChanged {
            problems.add(section[key].place, section[key].pointer, "\"\(key)\" needs a \"handler\"")
        }
    }

    /// What a request with several events may hold, and who may wait for it.
    private mutating func checkBatch(of section: Section, mode: GatewayConfiguration.Route.Mode) {
        guard let batch = section.section("batch") else { return }
        if mode == .request, section.optionalText("handler") != nil {
            problems.add(
                section["batch"].place, section["batch"].pointer,
                "\"batch\" needs the mode \"atLeastOnce\" or \"atMostOnce\": who waits for an answer does not wait for others"
            )
        }
        if batch.duration("linger") > .seconds(60) {
            problems.add(batch["linger"].place, batch["linger"].pointer, "must be at most 60s")
        }
    }

    private mutating func checkReferences(of section: Section, match: RouteMatch) {
        if case .text(let name) = section["handler"].content {
            let names = document.named("handlers").map(\.name)
            if !names.contains(name) {
                problems.add(
                    section["handler"].place, section["handler"].pointer,
                    "there is no handler \(section["handler"].quoted(name))\(Suggestion.hint(for: name, among: names))")
            }
        }
        let known = knownNamespaces()
        for pattern in match.namespaces ?? [] where pattern.isExact {
            guard let known, !known.names.contains(pattern.text),
                !known.patterns.contains(where: { $0.match(pattern.text) != nil })
            else { continue }
            let (place, pointer) = whereNamespace(pattern.text, in: section["match"])
            let message = "no endpoint has the namespace \"\(pattern.text)\""
            let hint = Suggestion.hint(for: pattern.text, among: known.names)
            let inner = pointer.dropFirst(section["match"].pointer.count)
            let written = section["match"].written?.nearest(pointer: inner)
            problems.add(place, pointer, Self.message(message + hint, about: written))
        }
    }

    /// What the endpoints have; nil when some of them could not be read.
    private func knownNamespaces() -> (names: [String], patterns: [NamespacePattern])? {
        var names: [String] = []
        var patterns: [NamespacePattern] = []
        for endpoint in document.sections("endpoints") where endpoint.variant != "static" {
            guard !endpoint.isFaulty else { return nil }
            guard endpoint.variant == "socket.io" else {
                names.append(endpoint.text("namespace"))
                continue
            }
            guard case .sections(let rules) = endpoint["namespaces"].content else { return nil }
            for rule in rules {
                if let name = rule.optionalText("name") { names.append(name) }
                if let pattern = rule.optionalText("pattern").flatMap(NamespacePattern.init) {
                    patterns.append(pattern)
                }
            }
        }
        return (names, patterns)
    }

    private func whereNamespace(_ name: String, in match: CheckedValue) -> (Place, String) {
        guard case .raw(let setting) = match.content, let value = setting["namespace"] else {
            return (match.place, match.pointer)
        }
        let pointer = "\(match.pointer)/namespace"
        guard let index = value.elements?.firstIndex(where: { $0.string == name }), let elements = value.elements else {
            return (value.place, pointer)
        }
        return (elements[index].place, "\(pointer)/\(index)")
    }

    /// Hands a value to one of the routing's compilers and places its errors in the file.
    private mutating func compiled<Value>(
        _ value: CheckedValue, _ compile: (JSONNode, String) -> Result<Value, ActionErrors>
    ) -> Value? {
        guard case .raw(let setting) = value.content,
            let node = setting.node ?? (try? JSONDocument(setting.json))?.root
        else { return nil }
        switch compile(node, value.pointer) {
        case .success(let value): return value
        case .failure(let errors):
            for error in errors.all {
                // Only of a value taken from the file as it is do ranges count in the file.
                let inner = error.pointer.dropFirst(value.pointer.count)
                let place =
                    setting.node == nil
                    ? setting.nearest(pointer: inner).place
                    : Place.file(offset: error.range.lowerBound)
                guard !problems.contains(place, error.pointer) else { continue }
                let written = value.written?.nearest(pointer: inner)
                problems.add(place, error.pointer, Self.message(error.message, about: written))
            }
            return nil
        }
    }

    /// The compilers quote what they were given, which must not show when a reference brought it in.
    static func message(_ message: String, about written: Setting?) -> String {
        guard let text = written?.string, References.occur(in: text) else { return message }
        return "\"\(text)\" is not valid here, once filled in"
    }
}
