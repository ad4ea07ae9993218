internal import Bus

/// A recipient of a route's action, with templates in its names.
struct RecipientTemplate: Sendable {
    enum Kind: Sendable {
        case fixed(Recipient)
        case target(TargetTemplate, namespace: Template?)
    }

    var kind: Kind

    static let me = RecipientTemplate(kind: .fixed(.me))

    func render(_ source: some TemplateSource) throws(TemplateError) -> Recipient {
        switch kind {
        case .fixed(let recipient): return recipient
        case .target(let target, let namespace):
            return .target(try target.render(source), namespace: try namespace?.namespace(from: source))
        }
    }
}

/// A target with templates in its names.
struct TargetTemplate: Sendable {
    var rooms: [Template] = []
    var users: [Template] = []
    var sockets: [Template] = []
    var all = false
    var exceptRooms: [Template] = []
    var exceptUsers: [Template] = []
    var exceptSockets: [Template] = []
    var local = false

    /// Names nobody, whatever is filled in.
    var isEmpty: Bool {
        !all && rooms.isEmpty && users.isEmpty && sockets.isEmpty
    }

    var isLiteral: Bool {
        [rooms, users, sockets, exceptRooms, exceptUsers, exceptSockets].joined().allSatisfy { $0.literal != nil }
    }

    func render(_ source: some TemplateSource) throws(TemplateError) -> Target {
        Target(
            rooms: try rooms.names(from: source), users: try users.names(from: source),
            sockets: try sockets.names(from: source), all: all,
            except: Exclusion(
                rooms: try exceptRooms.names(from: source), users: try exceptUsers.names(from: source),
                sockets: try exceptSockets.names(from: source)),
            local: local)
    }
}

extension Template {
    /// The text, when it can be the name of a room, a user or an id.
    func name(from source: some TemplateSource) throws(TemplateError) -> String {
        if let literal { return literal }
        let text = try text(from: source)
        if let problem = NameRules.problem(with: text) { throw invalid(problem) }
        return text
    }

    /// The text, when it can be the name of an event that is sent.
    func eventName(from source: some TemplateSource) throws(TemplateError) -> String {
        if let literal { return literal }
        let text = try text(from: source)
        if let problem = NameRules.problem(withEvent: text) { throw invalid(problem) }
        return text
    }

    /// The text, when it can be the name of a namespace.
    func namespace(from source: some TemplateSource) throws(TemplateError) -> String {
        if let literal { return literal }
        let text = try text(from: source)
        if let problem = NameRules.problem(withNamespace: text) { throw invalid(problem) }
        return text
    }

    /// An error that names the expression, when there is just one.
    func invalid(_ problem: String) -> TemplateError {
        let expressions = parts.compactMap { part in
            if case .expression(let expression) = part { expression.description } else { nil }
        }
        return TemplateError(
            pointer: pointer, expression: expressions.joined(separator: " with "), reason: .invalid(problem))
    }
}

extension [Template] {
    func names(from source: some TemplateSource) throws(TemplateError) -> [String] {
        var names: [String] = []
        names.reserveCapacity(count)
        for template in self { names.append(try template.name(from: source)) }
        return names
    }
}
