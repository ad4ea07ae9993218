import JSONScanner
import Routing

/// Reads a handler's JSON and collects what is wrong with it, each with its JSON pointer.
///
/// A member that is `null` counts as absent: many backends write their empty fields so.
struct AnswerReader {
    private(set) var errors: [ActionError] = []

    mutating func report(_ pointer: String, _ message: String, at range: Range<Int>) {
        errors.append(ActionError(pointer: pointer, message: message, range: range))
    }

    mutating func report(_ pointer: String, _ message: String, at node: JSONNode) {
        report(pointer, message, at: node.range)
    }

    mutating func report(_ problems: ActionErrors) { errors += problems.all }

    /// The members of an object by name; unknown and doubled ones are reported.
    ///
    /// Nil when it is no object.
    mutating func object(_ node: JSONNode, _ pointer: String, known: [String]) -> [String: JSONNode]? {
        guard node.kind == .object else {
            report(pointer, "must be an object, is \(node.kind.name)", at: node)
            return nil
        }
        var members: [String: JSONNode] = [:]
        var seen: Set<String> = []
        for member in node.members where errors.count < ActionErrors.limit {
            let inner = pointer + "/" + JSONPointer.escape(member.key)
            if !known.contains(member.key) {
                let hint = Suggestion.hint(for: member.key, among: known)
                let list = hint.isEmpty ? " (known: \(known.joined(separator: ", ")))" : hint
                report(inner, "unknown key \"\(member.key)\"\(list)", at: member.keyRange)
            } else if !seen.insert(member.key).inserted {
                report(inner, "\"\(member.key)\" stands twice", at: member.keyRange)
            } else if !member.value.isNull {
                members[member.key] = member.value
            }
        }
        return members
    }

    mutating func elements(_ node: JSONNode, _ pointer: String) -> [JSONNode]? {
        guard node.kind == .array else {
            report(pointer, "must be a list, is \(node.kind.name)", at: node)
            return nil
        }
        return node.elements
    }

    mutating func string(_ node: JSONNode, _ pointer: String) -> String? {
        guard let string = node.string else {
            report(pointer, "must be a string, is \(node.kind.name)", at: node)
            return nil
        }
        return string
    }

    mutating func bool(_ node: JSONNode, _ pointer: String) -> Bool? {
        guard let bool = node.bool else {
            report(pointer, "must be true or false, is \(node.kind.name)", at: node)
            return nil
        }
        return bool
    }

    /// The name of a room or a user, or a key of the state.
    mutating func name(_ node: JSONNode, _ pointer: String) -> String? {
        guard let name = string(node, pointer) else { return nil }
        guard let problem = NameRules.problem(with: name) else { return name }
        report(pointer, problem, at: node)
        return nil
    }

    mutating func names(_ node: JSONNode, _ pointer: String) -> [String] {
        var names: [String] = []
        for (index, element) in (elements(node, pointer) ?? []).enumerated() where errors.count < ActionErrors.limit {
            if let name = name(element, "\(pointer)/\(index)") { names.append(name) }
        }
        return names
    }

    mutating func roomNames(_ node: JSONNode, _ pointer: String) -> [String] {
        guard node.kind != .array || node.count <= NameRules.maxRooms else {
            report(pointer, "has \(node.count) entries, at most \(NameRules.maxRooms) are allowed", at: node)
            return []
        }
        return names(node, pointer)
    }

    /// Keys and their values as written, of an object whose keys are free.
    mutating func values(_ node: JSONNode, _ pointer: String) -> [(key: String, json: [UInt8])] {
        guard node.kind == .object else {
            report(pointer, "must be an object, is \(node.kind.name)", at: node)
            return []
        }
        var size = 0
        var values: [(key: String, json: [UInt8])] = []
        // By their bytes: Swift takes canonically equivalent strings for the same.
        var seen: Set<[UInt8]> = []
        for member in node.members where errors.count < ActionErrors.limit {
            let inner = pointer + "/" + JSONPointer.escape(member.key)
            if let problem = NameRules.problem(with: member.key) {
                report(inner, "the key " + problem, at: member.keyRange)
            } else if !seen.insert(Array(member.key.utf8)).inserted {
                report(inner, "\"\(member.key)\" stands twice", at: member.keyRange)
            } else {
                size += member.key.utf8.count + member.value.range.count
                values.append((member.key, Array(member.value.raw)))
            }
        }
        guard size <= SocketState.maxBytes else {
            report(pointer, "is larger than the \(SocketState.maxBytes) bytes of a socket's state", at: node)
            return []
        }
        return values
    }
}

extension JSONNode.Kind {
    /// For messages: "must be a string, is …".
    var name: String {
        switch self {
        case .object: "an object"
        case .array: "a list"
        case .string: "a string"
        case .number: "a number"
        case .bool: "a boolean"
        case .null: "null"
        }
    }
}

extension JSONDocument {
    /// The document of a handler's answer; what is wrong with its bytes is told with line and column.
    static func answer(_ body: [UInt8]) throws(ActionErrors) -> JSONDocument {
        guard body.count <= HandlerAnswer.maxBytes else {
            throw ActionErrors("must have at most \(HandlerAnswer.maxBytes) bytes, has \(body.count)", at: 0)
        }
        do {
            return try JSONDocument(body)
        } catch {
            let (line, column) = position(at: error.offset, in: body)
            throw ActionErrors("is not JSON: \(error.reason) at line \(line), column \(column)", at: error.offset)
        }
    }
}

extension ActionErrors {
    /// One error about the whole document.
    init(_ message: String, at offset: Int) {
        self.init([ActionError(pointer: "", message: message, range: offset..<offset)])
    }
}
