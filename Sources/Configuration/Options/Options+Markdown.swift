extension Options {
    /// The table of options for people: one section for each part of the document.
    package static func markdown() -> String {
        var text = """
            # Options

            Every key of the configuration, made from the table that the gateway itself reads by. Durations are strings
            with a unit (`"250ms"`, `"25s"`, `"2m"`, `"1h"`), sizes are `"64KiB"`, `"1MB"` or a whole number of bytes,
            rates are `"1000/s"`. `${env:NAME}` and `${file:PATH}` are filled in in any string.

            The order is: defaults, the file, the environment, `--set path=value`. The variable of an option is in the
            last column; for `0` stands the position or the name of the element, for `NAME` the name of the handler.

            """
        for node in root.children {
            text += "\n## `\(node.option.key)`\n\n\(meaning(node.option))"
            if case .value(let json) = node.option.fallback, json != "{}" { text += " Default: `\(json)`." }
            text += "\n"
            guard !node.children.isEmpty else { continue }
            text += "\n| Key | Type | Default | Meaning | Variable |\n|---|---|---|---|---|\n"
            for child in node.children { append(child, to: &text) }
        }
        return text
    }

    private static func append(_ node: OptionNode, to text: inout String) {
        let option = node.option
        let cells = [
            "`\(option.path)`", typeName(option.type), defaultText(option), meaning(option),
            node.children.isEmpty ? "`\(variable(option))`" : "",
        ]
        text += "| " + cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |\n"
        for child in node.children { append(child, to: &text) }
    }

    private static func meaning(_ option: Option) -> String {
        var meaning = option.doc
        if !option.variants.isEmpty {
            meaning += " Only for " + option.variants.map { "`\($0)`" }.joined(separator: ", ") + "."
        }
        if option.isSecret { meaning += " Never printed." }
        let choices = unavailableChoices(option.type)
        if option.availability == .unavailable {
            meaning += " *Not available in this version.*"
        } else if !choices.isEmpty {
            meaning += " *Not available in this version: \(choices.joined(separator: ", ")).*"
        }
        return meaning
    }

    private static func defaultText(_ option: Option) -> String {
        switch option.fallback {
        case .value("{}"): ""
        case .value(let json): "`\(json)`"
        case .required(let example): "required, such as `\(example)`"
        case .same(let other): "as `\(other)`"
        case .numbered(let prefix): "`\(prefix)0`, …"
        }
    }

    private static func typeName(_ type: OptionType) -> String {
        switch type {
        case .bool: "boolean"
        case .integer(let range):
            range.upperBound >= Int(Int32.max)
                ? "number ≥ \(range.lowerBound)" : "number \(range.lowerBound) to \(range.upperBound)"
        case .duration: "duration"
        case .size: "size"
        case .rate: "rate"
        case .memoryBudget: "share or size"
        case .text(.file): "path"
        case .text(.template): "template"
        case .text: "string"
        case .choice(let choices, _):
            choices.filter { $0.availability == .available }.map { "`\($0.value)`" }.joined(separator: ", ")
        case .list(let element, _): "list of \(typeName(element))"
        case .oneOrMore: "string or list"
        case .section(let orBool): orBool ? "boolean or object" : "object"
        case .sections: "list of objects"
        case .namedSections: "objects by name"
        case .routing(let part): part == .actions || part == .ack ? "list" : "object"
        }
    }

    private static func unavailableChoices(_ type: OptionType) -> [String] {
        switch type {
        case .choice(let choices, _): choices.filter { $0.availability == .unavailable }.map { "`\($0.value)`" }
        case .list(let element, _): unavailableChoices(element)
        default: []
        }
    }

    private static func variable(_ option: Option) -> String {
        let path = option.path.split(separator: ".").flatMap { part -> [String] in
            if part == "*" { return ["name"] }
            return part.hasSuffix("[]") ? [String(part.dropLast(2)), "0"] : [String(part)]
        }
        return environmentName(of: path)
    }
}
