import JSONScanner

/// As much of JSON Schema as the published schema uses; any other keyword is an error.
struct SchemaValidator {
    struct UnknownKeyword: Error {
        var name: String
    }

    private let root: JSONNode

    init(_ schema: String) throws { root = try JSONDocument(schema).root }

    func isValid(_ value: JSONNode) throws -> Bool { try isValid(value, root) }

    private func isValid(_ value: JSONNode, _ schema: JSONNode) throws -> Bool {
        if let always = schema.bool { return always }
        for keyword in schema.members {
            guard try satisfies(value, keyword, of: schema) else { return false }
        }
        return true
    }

    private func satisfies(_ value: JSONNode, _ keyword: JSONNode.Member, of schema: JSONNode) throws -> Bool {
        let rule = keyword.value
        switch keyword.key {
        case "$schema", "$defs", "title", "description", "default": return true
        case "$ref":
            let name = (rule.string ?? "").split(separator: "/").last.map(String.init) ?? ""
            guard let target = root["$defs"]?[name] else { throw UnknownKeyword(name: name) }
            return try isValid(value, target)
        case "type":
            let names = rule.kind == .array ? rule.elements.compactMap(\.string) : [rule.string ?? ""]
            return names.contains { Self.matches(value, $0) }
        case "const": return value.rawString == rule.rawString
        case "enum": return rule.elements.contains { $0.rawString == value.rawString }
        case "minimum": return value.double.map { $0 >= rule.double ?? 0 } ?? true
        case "maximum": return value.double.map { $0 <= rule.double ?? 0 } ?? true
        case "minItems": return value.kind != .array || value.count >= rule.int ?? 0
        case "pattern": return try value.string.map { try $0.contains(Regex(rule.string ?? "")) } ?? true
        case "required": return value.kind != .object || rule.elements.allSatisfy { value[$0.string ?? ""] != nil }
        case "anyOf": return try rule.elements.contains { try isValid(value, $0) }
        case "oneOf": return try rule.elements.filter { try isValid(value, $0) }.count == 1
        case "items": return try value.elements.allSatisfy { try isValid($0, rule) }
        case "properties":
            return try value.members.allSatisfy { member in
                try rule[member.key].map { try isValid(member.value, $0) } ?? true
            }
        case "patternProperties": return true
        case "additionalProperties":
            return try value.members.allSatisfy { member in
                if schema["properties"]?[member.key] != nil || member.key.hasPrefix("_") { return true }
                return try isValid(member.value, rule)
            }
        default: throw UnknownKeyword(name: keyword.key)
        }
    }

    private static func matches(_ value: JSONNode, _ type: String) -> Bool {
        switch type {
        case "object": value.kind == .object
        case "array": value.kind == .array
        case "string": value.kind == .string
        case "boolean": value.kind == .bool
        case "null": value.isNull
        case "integer": value.int != nil
        default: false
        }
    }
}
