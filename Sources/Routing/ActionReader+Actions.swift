internal import JSONScanner
internal import struct NIOCore.ByteBuffer

extension ActionReader {
    /// The actions and, behind `do`, the keys that each takes.
    private static let actions: [(name: String, keys: [String])] = [
        ("emit", ["to", "event", "args", "attachments", "volatile", "compress", "id"]),
        ("send", ["to", "text", "base64", "message"]),
        ("join", ["rooms", "target"]),
        ("leave", ["rooms", "target"]),
        ("disconnect", ["target", "close", "reason"]),
        ("kick", ["target", "reason"]),
        ("state", ["set", "unset", "target"]),
        ("refresh", ["expiresAt", "ttl", "token"]),
    ]

    mutating func list(_ node: JSONNode, _ pointer: String) -> [ActionTemplate] {
        guard node.kind == .array else {
            fail(pointer, "must be a list of actions, is \(node.kind.name)", node)
            return []
        }
        guard node.count <= NameRules.maxActions else {
            fail(pointer, "has \(node.count) actions, at most \(NameRules.maxActions) are allowed", node)
            return []
        }
        var actions: [ActionTemplate] = []
        for (index, element) in node.elements.enumerated() {
            guard errors.count < ActionErrors.limit else { break }
            if let action = action(element, "\(pointer)/\(index)") { actions.append(action) }
        }
        return actions
    }

    mutating func action(_ node: JSONNode, _ pointer: String) -> ActionTemplate? {
        guard node.kind == .object else {
            fail(pointer, "must be an object, is \(node.kind.name)", node)
            return nil
        }
        let names = Self.actions.map(\.name)
        guard let verb = node["do"] else {
            fail(pointer, "\"do\" is missing (known: \(names.joined(separator: ", ")))", node)
            return nil
        }
        guard let name = verb.string else {
            fail("\(pointer)/do", "must be a string, is \(verb.kind.name)", verb)
            return nil
        }
        guard let entry = Self.actions.first(where: { $0.name == name }) else {
            let hint = Suggestion.hint(for: name, among: names)
            fail(
                "\(pointer)/do", "unknown action \"\(name.excerpt)\"\(hint) (known: \(names.joined(separator: ", ")))",
                verb)
            return nil
        }
        guard let members = members(node, pointer, known: ["do"] + entry.keys) else { return nil }
        return kind(name, members, node, pointer).map { ActionTemplate(kind: $0, pointer: pointer) }
    }

    private mutating func kind(
        _ name: String, _ members: [String: JSONNode], _ node: JSONNode, _ pointer: String
    ) -> ActionTemplate.Kind? {
        if name == "refresh" { return refresh(members, node, pointer) }
        let key = name == "emit" || name == "send" ? "to" : "target"
        let recipient = recipient(members[key], pointer, key: key, owner: node)
        let reason = members["reason"].flatMap { text($0, "\(pointer)/reason") }
        switch name {
        case "emit": return emit(recipient, members, node, pointer)
        case "send": return send(recipient, members, node, pointer)
        case "join", "leave":
            guard let list = members["rooms"] else {
                fail(pointer, "\"rooms\" is missing", node)
                return nil
            }
            let rooms = names(list, "\(pointer)/rooms", limit: NameRules.maxRooms)
            guard let recipient else { return nil }
            return name == "join" ? .join(rooms: rooms, recipient) : .leave(rooms: rooms, recipient)
        case "disconnect":
            let close = flag(members["close"], "\(pointer)/close", default: false)
            return recipient.map { .disconnect($0, close: close, reason: reason) }
        case "kick": return recipient.map { .kick($0, reason: reason) }
        default: return state(recipient, members, node, pointer)
        }
    }

    private mutating func emit(
        _ recipient: RecipientTemplate?, _ members: [String: JSONNode], _ node: JSONNode, _ pointer: String
    ) -> ActionTemplate.Kind? {
        let event = members["event"].flatMap { text($0, "\(pointer)/event", rule: NameRules.problem(withEvent:)) }
        if members["event"] == nil { fail(pointer, "\"event\" is missing", node) }
        let attachments = attachments(members["attachments"], "\(pointer)/attachments")
        let arguments: ArgumentsTemplate?
        if let args = members["args"] {
            arguments = attachments.flatMap { self.arguments(args, "\(pointer)/args", attachments: $0) }
            if let attachments, arguments != nil, let list = members["attachments"] {
                everyAttachmentIsNamed(attachments.count, args, list, "\(pointer)/attachments")
            }
        } else {
            arguments = .literal([], attachments: [])
            if let list = members["attachments"], list.count > 0 {
                fail("\(pointer)/attachments/0", "no placeholder in \"args\" names this attachment", list[0] ?? list)
            }
        }
        let volatile = flag(members["volatile"], "\(pointer)/volatile", default: false)
        let compress = flag(members["compress"], "\(pointer)/compress", default: true)
        let id = members["id"].flatMap { text($0, "\(pointer)/id", rule: NameRules.problem(with:)) }
        guard let recipient, let event, let arguments else { return nil }
        return .emit(
            EmitTemplate(
                to: recipient, event: event, arguments: arguments, volatile: volatile, compress: compress, id: id))
    }

    /// The list of arguments of an event or an ack: an array, or in a route `"{args}"`.
    mutating func arguments(_ node: JSONNode, _ pointer: String, attachments: [ByteBuffer]) -> ArgumentsTemplate? {
        if isTemplate, node.string == "{args}" {
            return .template(JSONTemplate(segments: [.argumentList(pointer: pointer)]), pointer: pointer)
        }
        guard node.kind == .array else {
            fail(pointer, "must be a list\(isTemplate ? " or \"{args}\"" : ""), is \(node.kind.name)", node)
            return nil
        }
        guard let start = node.elements.first?.range.lowerBound, let end = node.elements.last?.range.upperBound else {
            return .literal([], attachments: [])
        }
        let problems = errors.count
        if isTemplate {
            var compiler = JSONTemplateCompiler(attachments: attachments)
            let segments = compiler.segments(ofElements: node, pointer: pointer)
            for error in compiler.errors { fail(error.pointer, error.message, error.range) }
            if segments.contains(where: \.isFilledIn) {
                return errors.count == problems ? .template(JSONTemplate(segments: segments), pointer: pointer) : nil
            }
        } else {
            placeholdersHaveAttachments(node, pointer, attachments.count)
        }
        return errors.count == problems ? .literal(Array(node.raw[start..<end]), attachments: attachments) : nil
    }

    /// Binary that is given with the action: base64, in the order of the placeholders' numbers.
    private mutating func attachments(_ node: JSONNode?, _ pointer: String) -> [ByteBuffer]? {
        guard let node else { return [] }
        guard node.kind == .array else {
            fail(pointer, "must be a list of base64 strings, is \(node.kind.name)", node)
            return nil
        }
        let problems = errors.count
        var attachments: [ByteBuffer] = []
        for (index, element) in node.elements.enumerated() {
            if let bytes = element.string.flatMap(Base64.decode) {
                attachments.append(ByteBuffer(bytes: bytes))
            } else {
                fail("\(pointer)/\(index)", "must be a base64 string", element)
            }
        }
        return errors.count == problems ? attachments : nil
    }

    private func placeholders(_ node: JSONNode) -> [(range: Range<Int>, number: Int?)] {
        node.raw.withUnsafeBytes { JSONScanner.placeholders(in: $0) }
    }

    private mutating func placeholdersHaveAttachments(_ node: JSONNode, _ pointer: String, _ count: Int) {
        for (range, number) in placeholders(node) {
            if let number, number < count { continue }
            let start = node.range.lowerBound
            let what = number.map { "placeholder \($0) names no attachment (there are \(count))" }
            fail(pointer, what ?? "a placeholder without a number", start + range.lowerBound..<start + range.upperBound)
        }
    }

    private mutating func everyAttachmentIsNamed(_ count: Int, _ args: JSONNode, _ list: JSONNode, _ pointer: String) {
        let named = Set(placeholders(args).compactMap(\.number))
        for index in 0..<count where !named.contains(index) {
            fail("\(pointer)/\(index)", "no placeholder in \"args\" names this attachment", list[index] ?? list)
        }
    }
}

extension JSONTemplate.Segment {
    /// Depends on the event.
    fileprivate var isFilledIn: Bool {
        switch self {
        case .literal, .attachment: false
        case .value, .string, .argumentList: true
        }
    }
}
