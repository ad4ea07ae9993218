/// A value that the table of options has judged.
indirect enum Checked: Sendable {
    /// Required and not given, or given wrong: there is an error about it.
    case faulty
    case null
    case bool(Bool)
    case integer(Int)
    case duration(Duration)
    case rate(Rate)
    case memoryBudget(MemoryBudget)
    case text(String)
    case list([CheckedValue])
    case section(Section)
    case sections([Section])
    case named([(name: String, section: Section)])
    case raw(Setting)
}

/// A judged value, with what `show` and error messages need.
struct CheckedValue: Sendable {
    var content: Checked
    var pointer: String
    var place: Place
    /// As written, references unresolved; nil when nothing was.
    var written: Setting?
    /// What it would be if nobody had given it, as JSON.
    var fallback: String?

    /// A text for messages, in quotes: as it was written, so that nothing resolved shows.
    func quoted(_ text: String) -> String {
        guard let written = written?.string, References.occur(in: written) else {
            return "\"\(Secret.withoutCredentials(text))\""
        }
        return "\"\(written)\""
    }

    /// Whether the document, the environment or an override gave it.
    var isGiven: Bool { written != nil && place != .builtIn }

    /// Whether it was given, and is not what it would be anyway.
    var isChanged: Bool { isGiven && written?.json != fallback }
}

/// A judged object: every option of its variant has a value, given or default.
struct Section: Sendable {
    let node: OptionNode
    let pointer: String
    let place: Place
    /// The value of the variant key, when it has one.
    var variant: String?
    /// Its variant is unknown or not available, so that nothing else of it was judged.
    var isFaulty = false
    var values: [String: CheckedValue] = [:]

    /// An option of another variant, or of an object that could not be judged, is `faulty`.
    ///
    /// - Precondition: The table has this option here.
    subscript(_ key: String) -> CheckedValue {
        guard let value = values[key] else {
            precondition(node[key] != nil, "the table has no option \(key) in \(node.option.path)")
            return CheckedValue(content: .faulty, pointer: pointer, place: place)
        }
        return value
    }
}

/// Reading: a faulty value reads as something neutral, as the configuration is thrown away anyway.
extension Section {
    func isNull(_ key: String) -> Bool {
        if case .null = self[key].content { true } else { false }
    }

    func bool(_ key: String) -> Bool {
        if case .bool(let value) = self[key].content { value } else { false }
    }

    func integer(_ key: String) -> Int {
        if case .integer(let value) = self[key].content { value } else { 0 }
    }

    func duration(_ key: String) -> Duration {
        optionalDuration(key) ?? .zero
    }

    func optionalDuration(_ key: String) -> Duration? {
        if case .duration(let value) = self[key].content { value } else { nil }
    }

    func rate(_ key: String) -> Rate {
        if case .rate(let value) = self[key].content { value } else { Rate(count: 1, period: .seconds(1)) }
    }

    func memoryBudget(_ key: String) -> MemoryBudget {
        if case .memoryBudget(let value) = self[key].content { value } else { .percent(100) }
    }

    func text(_ key: String) -> String {
        optionalText(key) ?? ""
    }

    func optionalText(_ key: String) -> String? {
        if case .text(let value) = self[key].content { value } else { nil }
    }

    func list(_ key: String) -> [CheckedValue] {
        if case .list(let values) = self[key].content { values } else { [] }
    }

    func texts(_ key: String) -> [String] {
        list(key).compactMap { if case .text(let value) = $0.content { value } else { nil } }
    }

    func section(_ key: String) -> Section? {
        if case .section(let value) = self[key].content { value } else { nil }
    }

    func sections(_ key: String) -> [Section] {
        if case .sections(let values) = self[key].content { values } else { [] }
    }

    func named(_ key: String) -> [(name: String, section: Section)] {
        if case .named(let values) = self[key].content { values } else { [] }
    }

    func raw(_ key: String) -> Setting? {
        if case .raw(let value) = self[key].content { value } else { nil }
    }

    /// A choice; the table has only values that the type has, which a test holds.
    func choice<Value: RawRepresentable<String>>(_ key: String, default neutral: Value) -> Value {
        optionalText(key).flatMap(Value.init(rawValue:)) ?? neutral
    }
}
