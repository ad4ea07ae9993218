internal import Bus
internal import JSONScanner
internal import struct NIOCore.ByteBuffer

/// Reads actions from JSON and collects everything that is wrong with them.
///
/// What an action is made of is in `ActionReader+Actions.swift`, whom it is for in `ActionReader+Target.swift`.
struct ActionReader {
    enum Mode {
        /// Braces are text. `self` is this socket; nil when there is none, as in the admin API.
        case literal(selfSocketID: String?)
        /// Braces are templates; keys that begin with `_` are comments, as everywhere in the configuration.
        case template
    }

    let mode: Mode
    private(set) var errors: [ActionError] = []

    init(mode: Mode) {
        self.mode = mode
    }

    var isTemplate: Bool {
        if case .template = mode { true } else { false }
    }

    var hasSelf: Bool {
        if case .literal(nil) = mode { false } else { true }
    }

    mutating func fail(_ pointer: String, _ message: String, _ range: Range<Int>) {
        errors.append(ActionError(pointer: pointer, message: message, range: range))
    }

    mutating func fail(_ pointer: String, _ message: String, _ node: JSONNode) {
        fail(pointer, message, node.range)
    }

    /// The members of an object whose keys are all known; nil when it is no object.
    mutating func members(_ node: JSONNode, _ pointer: String, known: [String]) -> [String: JSONNode]? {
        guard node.kind == .object else {
            fail(pointer, "must be an object, is \(node.kind.name)", node)
            return nil
        }
        var found: [String: JSONNode] = [:]
        for member in node.members {
            // Looking for suggestions takes time, and an answer may have any number of keys.
            guard errors.count < ActionErrors.limit else { break }
            if isTemplate, member.key.hasPrefix("_") { continue }
            let key = member.key.excerpt
            let inner = "\(pointer)/\(JSONPointer.escape(key))"
            guard known.contains(member.key) else {
                let hint = Suggestion.hint(for: member.key, among: known)
                let list = hint.isEmpty ? " (known: \(known.joined(separator: ", ")))" : hint
                fail(inner, "unknown key \"\(key)\"\(list)", member.keyRange)
                continue
            }
            if found.updateValue(member.value, forKey: member.key) != nil {
                fail(inner, "\"\(member.key)\" stands twice", member.keyRange)
            }
        }
        return found
    }

    mutating func flag(_ node: JSONNode?, _ pointer: String, default fallback: Bool) -> Bool {
        guard let node else { return fallback }
        guard let bool = node.bool else {
            fail(pointer, "must be true or false, is \(node.kind.name)", node)
            return fallback
        }
        return bool
    }

    /// A string, with templates where they are allowed; `rule` says what is wrong with a literal one.
    mutating func text(_ node: JSONNode, _ pointer: String, rule: (String) -> String? = { _ in nil }) -> Template? {
        guard let string = node.string else {
            fail(pointer, "must be a string, is \(node.kind.name)", node)
            return nil
        }
        guard isTemplate else {
            return check(Template(literal: string, pointer: pointer), node, rule)
        }
        switch Template.compile(string, pointer: pointer, range: node.range) {
        case .success(let template):
            if let expression = template.soleExpression, expression.isNeverText {
                fail(pointer, "\(expression) is not text", node)
                return nil
            }
            return check(template, node, rule)
        case .failure(let error):
            errors.append(error)
            return nil
        }
    }

    private mutating func check(_ template: Template, _ node: JSONNode, _ rule: (String) -> String?) -> Template? {
        if let literal = template.literal, let problem = rule(literal) {
            fail(template.pointer, problem, node)
            return nil
        }
        return template
    }

    /// A list of names, at most `limit` of them.
    mutating func names(_ node: JSONNode?, _ pointer: String, limit: Int) -> [Template] {
        guard let node else { return [] }
        guard node.kind == .array else {
            fail(pointer, "must be a list of strings, is \(node.kind.name)", node)
            return []
        }
        guard node.count <= limit else {
            fail(pointer, "has \(node.count) entries, at most \(limit) are allowed", node)
            return []
        }
        var names: [Template] = []
        for (index, element) in node.elements.enumerated() {
            if let name = text(element, "\(pointer)/\(index)", rule: NameRules.problem(with:)) { names.append(name) }
        }
        return names
    }
}

extension JSONNode.Kind {
    /// With its article, for sentences.
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

extension String {
    /// Enough of a text to find it by, for errors: a log line is no place for a megabyte.
    var excerpt: String {
        utf8.count <= 80 ? self : prefix(40) + "…"
    }
}
