package import JSONScanner

/// Which events a route is for.
///
/// What is not named is not asked for.
package struct RouteMatch: Hashable, Sendable {
    /// Nil: events and raw messages; lifecycle events match only by name.
    package var types: Set<EventType>?
    /// Nil: every namespace.
    ///
    /// One of the list has to match.
    package var namespaces: [WildcardPattern]?
    /// Nil: every event, also one without a name.
    ///
    /// One of the list has to match, so a raw message never does.
    package var events: [WildcardPattern]?

    package init(types: Set<EventType>? = nil, namespaces: [String]? = nil, events: [String]? = nil) {
        self.types = types
        self.namespaces = namespaces?.map(WildcardPattern.init)
        self.events = events?.map(WildcardPattern.init)
    }

    /// Why a route is not for an event.
    package enum Mismatch: Hashable, Sendable {
        case type, namespace, event
        /// The route asks for an event name and there is none.
        case eventWithoutName
    }

    /// Nil when the route is for this event.
    package func mismatch(type: EventType, namespace: String, event: String?) -> Mismatch? {
        guard (types ?? EventType.messages).contains(type) else { return .type }
        return mismatch(namespace: namespace, event: event)
    }

    /// The same for an event whose type is known to match.
    func mismatch(namespace: String, event: String?) -> Mismatch? {
        if let namespaces, !namespaces.contains(where: { $0.matches(namespace) }) { return .namespace }
        guard let events else { return nil }
        guard let event else { return .eventWithoutName }
        return events.contains { $0.matches(event) } ? nil : .event
    }

    /// The types of event that can match at all.
    var possibleTypes: Set<EventType> {
        let named = types ?? EventType.messages
        return events == nil ? named : named.intersection([.event])
    }
}

extension RouteMatch {
    /// Reads `{"type", "namespace", "event"}`, each a string or a list of strings.
    package static func compile(_ node: JSONNode, pointer: String) -> Result<RouteMatch, ActionErrors> {
        var reader = ActionReader(mode: .template)
        let members = reader.members(node, pointer, known: ["type", "namespace", "event"]) ?? [:]
        var match = RouteMatch()
        if let types = reader.strings(members["type"], "\(pointer)/type") {
            var found: Set<EventType> = []
            for (text, pointer, node) in types {
                let known = EventType.allCases.map(\.rawValue)
                if let type = EventType(rawValue: text) {
                    found.insert(type)
                } else {
                    let hint = Suggestion.hint(for: text, among: known)
                    let list = hint.isEmpty ? " (known: \(known.joined(separator: ", ")))" : hint
                    reader.fail(pointer, "unknown event type \"\(text)\"\(list)", node)
                }
            }
            match.types = found
        }
        if let namespaces = reader.strings(members["namespace"], "\(pointer)/namespace") {
            for (text, pointer, node) in namespaces where !text.hasPrefix("/") && !text.hasPrefix("*") {
                reader.fail(pointer, "a namespace begins with \"/\"", node)
            }
            for (text, pointer, node) in namespaces where text.contains("{") {
                reader.fail(pointer, "write \"*\" for what differs between the namespaces of a pattern", node)
            }
            match.namespaces = namespaces.map { WildcardPattern($0.text) }
        }
        if let events = reader.strings(members["event"], "\(pointer)/event") {
            match.events = events.map { WildcardPattern($0.text) }
            if let types = match.types, !types.isEmpty, !types.contains(.event), let node = members["event"] {
                reader.fail(
                    "\(pointer)/event", "only \"socket.event\" has an event name, and the type is another", node)
            }
        }
        return reader.errors.isEmpty ? .success(match) : .failure(ActionErrors(reader.errors))
    }
}

extension ActionReader {
    /// A string or a list of them, none empty; nil when there is no value.
    mutating func strings(
        _ node: JSONNode?, _ pointer: String
    ) -> [(text: String, pointer: String, node: JSONNode)]? {
        guard let node else { return nil }
        guard node.kind == .array else { return string(node, pointer).map { [$0] } ?? [] }
        if node.count == 0 { fail(pointer, "an empty list matches nothing", node) }
        var found: [(text: String, pointer: String, node: JSONNode)] = []
        for (index, element) in node.elements.enumerated() {
            if let entry = string(element, "\(pointer)/\(index)") { found.append(entry) }
        }
        return found
    }

    private mutating func string(
        _ node: JSONNode, _ pointer: String
    ) -> (text: String, pointer: String, node: JSONNode)? {
        guard let text = node.string else {
            fail(pointer, "must be a string or a list of strings, is \(node.kind.name)", node)
            return nil
        }
        guard !text.isEmpty else {
            fail(pointer, "must not be empty", node)
            return nil
        }
        return (text, pointer, node)
    }
}
