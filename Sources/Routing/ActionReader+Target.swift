internal import Bus
internal import JSONScanner

extension ActionReader {
    private static let targetKeys = ["rooms", "users", "sockets", "all", "namespace", "except", "local"]
    private static let exceptKeys = ["rooms", "users", "sockets"]

    /// Whom an action is for; the socket itself when nothing says so.
    ///
    /// `owner` is the action, for the error.
    mutating func recipient(_ node: JSONNode?, _ pointer: String, key: String, owner: JSONNode) -> RecipientTemplate? {
        guard let node else {
            guard hasSelf else {
                fail(pointer, "\"\(key)\" is missing: there is no socket that could be meant by default", owner)
                return nil
            }
            return .me
        }
        let inner = "\(pointer)/\(key)"
        switch node.kind {
        case .string: return named(node, inner)
        case .object: return target(node, inner)
        default:
            fail(inner, "must be an object, \"self\" or \"others\", is \(node.kind.name)", node)
            return nil
        }
    }

    private mutating func named(_ node: JSONNode, _ pointer: String) -> RecipientTemplate? {
        let name = node.string ?? ""
        switch name {
        case "self" where hasSelf: return .me
        case "others" where hasSelf: return RecipientTemplate(kind: .fixed(.others(namespace: nil)))
        case "self", "others": fail(pointer, "\"\(name)\" means nobody here: there is no socket of its own", node)
        default:
            let hint = Suggestion.hint(for: name, among: ["self", "others"])
            fail(
                pointer, "\"\(name.excerpt)\" is not a target; known are \"self\", \"others\" and an object\(hint)",
                node)
        }
        return nil
    }

    private mutating func target(_ node: JSONNode, _ pointer: String) -> RecipientTemplate? {
        let problems = errors.count
        guard let members = members(node, pointer, known: Self.targetKeys) else { return nil }
        var target = TargetTemplate()
        target.rooms = names(members["rooms"], "\(pointer)/rooms", limit: NameRules.maxRooms)
        target.users = names(members["users"], "\(pointer)/users", limit: NameRules.maxRecipients)
        target.sockets = sockets(members["sockets"], "\(pointer)/sockets")
        target.all = flag(members["all"], "\(pointer)/all", default: false)
        target.local = flag(members["local"], "\(pointer)/local", default: false)
        if let except = members["except"] {
            let inner = "\(pointer)/except"
            let members = self.members(except, inner, known: Self.exceptKeys) ?? [:]
            target.exceptRooms = names(members["rooms"], "\(inner)/rooms", limit: NameRules.maxRooms)
            target.exceptUsers = names(members["users"], "\(inner)/users", limit: NameRules.maxRecipients)
            target.exceptSockets = sockets(members["sockets"], "\(inner)/sockets")
        }
        let namespace = members["namespace"].flatMap { node in
            text(node, "\(pointer)/namespace", rule: NameRules.problem(withNamespace:))
        }
        if target.isEmpty, errors.count == problems {
            fail(pointer, "reaches nobody: name rooms, users or sockets, or write \"all\": true", node)
        }
        guard target.isLiteral, namespace == nil || namespace?.literal != nil else {
            return RecipientTemplate(kind: .target(target, namespace: namespace))
        }
        guard let fixed = try? target.render(NoSource()) else { return nil }
        return RecipientTemplate(kind: .fixed(.target(fixed, namespace: namespace?.literal)))
    }

    /// Socket ids, where `self` is the socket itself.
    private mutating func sockets(_ node: JSONNode?, _ pointer: String) -> [Template] {
        guard let node else { return [] }
        var result: [Template] = []
        for template in names(node, pointer, limit: NameRules.maxRecipients) {
            guard template.literal == "self" else {
                result.append(template)
                continue
            }
            switch mode {
            case .template: result.append(Template(.socketID, pointer: template.pointer))
            case .literal(let id?): result.append(Template(literal: id, pointer: template.pointer))
            case .literal(nil):
                fail(template.pointer, "\"self\" means nobody here: there is no socket of its own", node)
            }
        }
        return result
    }
}

/// Has no values: literals do not ask for any.
struct NoSource: TemplateSource {
    var namespace: String { "/" }
}
