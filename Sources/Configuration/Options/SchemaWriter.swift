/// Translates the table into schema keywords.
enum SchemaWriter {
    typealias Keywords = [(String, Setting)]

    static let definitions: Keywords = [
        (
            "reference",
            .init(object: [("type", .init(text: "string")), ("pattern", .init(text: #"\$\{(env|file):[^}]+\}"#))])
        ),
        ("duration", text(pattern: "^[0-9]+(ms|s|m|h)$")),
        (
            "size",
            .init(object: [
                (
                    "anyOf",
                    .init([
                        .init(object: [("type", .init(text: "integer")), ("minimum", .init(number: 0))]),
                        text(pattern: "^[0-9]+(B|KB|MB|GB|TB|KiB|MiB|GiB|TiB)?$"),
                    ])
                )
            ])
        ),
        ("rate", text(pattern: "^[0-9]+/(s|m|h)$")),
        ("memory", text(pattern: "^([0-9]+%|[0-9]+(B|KB|MB|GB|TB|KiB|MiB|GiB|TiB))$")),
        (
            "action",
            .init(object: [
                ("type", .init(text: "object")),
                ("required", .init([.init(text: "do")])),
                (
                    "properties",
                    .init(object: [
                        (
                            "do",
                            .init(object: [
                                (
                                    "enum",
                                    .init(
                                        ["emit", "send", "join", "leave", "disconnect", "kick", "state", "refresh"].map
                                        { .init(text: $0) })
                                )
                            ])
                        )
                    ])
                ),
            ])
        ),
        (
            "oneOrMore",
            .init(object: [
                (
                    "anyOf",
                    .init([
                        .init(object: [("type", .init(text: "string"))]),
                        .init(object: [
                            ("type", .init(text: "array")), ("items", .init(object: [("type", .init(text: "string"))])),
                            ("minItems", .init(number: 1)),
                        ]),
                    ])
                )
            ])
        ),
    ]

    /// An object with these options; keys that begin with `_` are comments.
    static func object(_ children: [OptionNode], isRoot: Bool = false, variant: (key: String, value: String)? = nil)
        -> Keywords
    {
        let usable = children.filter { $0.option.availability == .available }
        var properties: Keywords = isRoot ? [("$schema", .init(object: [("type", .init(text: "string"))]))] : []
        for child in usable {
            var schema = property(child)
            if let variant, variant.key == child.option.key {
                schema.content = .object(
                    (schema.members ?? []).filter { $0.key == "description" } + [
                        .init(key: "const", keyPlace: .builtIn, value: .init(text: variant.value))
                    ])
            }
            properties.append((child.option.key, schema))
        }
        let required = usable.filter { if case .required = $0.option.fallback { true } else { false } }
        var keywords: Keywords = [
            ("type", .init(text: "object")),
            ("properties", .init(object: properties)),
            ("patternProperties", .init(object: [("^_", .init(.bool(true), place: .builtIn))])),
            ("additionalProperties", .init(.bool(false), place: .builtIn)),
        ]
        if !required.isEmpty { keywords.append(("required", .init(required.map { .init(text: $0.option.key) }))) }
        return keywords
    }

    private static func property(_ node: OptionNode) -> Setting {
        var keywords: Keywords = [("description", .init(text: node.option.doc))]
        if case .value(let json) = node.option.fallback { keywords.append(("default", .builtIn(json))) }
        let alternatives = alternatives(node) + (node.option.isNullable ? [[("type", .init(text: "null"))]] : [])
        if alternatives.count == 1 {
            keywords += alternatives[0]
        } else {
            keywords.append(("anyOf", .init(alternatives.map { Setting(object: $0) })))
        }
        return Setting(object: keywords)
    }

    private static func alternatives(_ node: OptionNode) -> [Keywords] {
        switch node.option.type {
        case .section(let orBool):
            return [object(node.children)] + (orBool ? [[("type", .init(text: "boolean"))]] : [])
        case .sections(let variant, let shorthand, let atLeast):
            var items = objects(node, variant: variant)
            if shorthand != nil { items.append([("type", .init(text: "string"))]) }
            return [array(items, atLeast: atLeast)]
        case .namedSections(let variant):
            let values = objects(node, variant: variant).map { Setting(object: $0) }
            let value = values.count == 1 ? values[0] : Setting(object: [("oneOf", .init(values))])
            return [
                [
                    ("type", .init(text: "object")),
                    ("patternProperties", .init(object: [("^_", .init(.bool(true), place: .builtIn))])),
                    ("additionalProperties", value),
                ]
            ]
        case .list(let element, let atLeast):
            return [array(scalar(element), atLeast: atLeast)]
        case .oneOrMore: return [[("$ref", .init(text: "#/$defs/oneOrMore"))]]
        case .routing(let part): return [routing(part)]
        default: return scalar(node.option.type)
        }
    }

    /// The objects of a list or a map: one for each variant that is available.
    private static func objects(_ node: OptionNode, variant: String?) -> [Keywords] {
        guard let variant, case .choice(let choices, _) = node[variant]?.option.type else {
            return [object(node.children)]
        }
        return choices.filter { $0.availability == .available }.map {
            object(node.children(of: $0.value), variant: (variant, $0.value))
        }
    }

    private static func array(_ items: [Keywords], atLeast: Int) -> Keywords {
        let item =
            items.count == 1
            ? Setting(object: items[0])
            : Setting(object: [("anyOf", .init(items.map { Setting(object: $0) }))])
        var keywords: Keywords = [("type", .init(text: "array")), ("items", item)]
        if atLeast > 0 { keywords.append(("minItems", .init(number: atLeast))) }
        return keywords
    }

    /// Any value may be a reference instead, which only loading can fill in.
    private static func scalar(_ type: OptionType) -> [Keywords] {
        let reference: Keywords = [("$ref", .init(text: "#/$defs/reference"))]
        switch type {
        case .bool: return [[("type", .init(text: "boolean"))], reference]
        case .integer(let range):
            return [
                [
                    ("type", .init(text: "integer")), ("minimum", .init(number: range.lowerBound)),
                    ("maximum", .init(number: range.upperBound)),
                ], reference,
            ]
        case .duration: return [[("$ref", .init(text: "#/$defs/duration"))], reference]
        case .size: return [[("$ref", .init(text: "#/$defs/size"))], reference]
        case .rate: return [[("$ref", .init(text: "#/$defs/rate"))], reference]
        case .memoryBudget: return [[("$ref", .init(text: "#/$defs/memory"))], reference]
        case .choice(let choices, _):
            let values = choices.filter { $0.availability == .available }.map { Setting(text: $0.value) }
            return [[("enum", .init(values))], reference]
        default: return [[("type", .init(text: "string"))]]
        }
    }

    private static func routing(_ part: OptionType.RoutingPart) -> Keywords {
        let oneOrMore = Setting(object: [("$ref", .init(text: "#/$defs/oneOrMore"))])
        switch part {
        case .match:
            return closed([("type", oneOrMore), ("namespace", oneOrMore), ("event", oneOrMore)])
        case .require:
            let user: [Setting] = [.init(object: [("const", .init(.bool(true), place: .builtIn))]), oneOrMore]
            return closed([
                ("user", .init(object: [("anyOf", .init(user))])),
                ("claims", .init(object: [("type", .init(text: "object"))])),
                ("inRoom", oneOrMore),
            ])
        case .actions: return array([[("$ref", .init(text: "#/$defs/action"))]], atLeast: 0)
        case .ack: return [("type", .init([.init(text: "array"), .init(text: "string")]))]
        }
    }

    private static func closed(_ properties: Keywords) -> Keywords {
        [
            ("type", .init(text: "object")), ("properties", .init(object: properties)),
            ("additionalProperties", .init(.bool(false), place: .builtIn)),
        ]
    }

    private static func text(pattern: String) -> Setting {
        .init(object: [("type", .init(text: "string")), ("pattern", .init(text: pattern))])
    }
}
