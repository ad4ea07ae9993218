internal import JSONScanner
internal import Routing

/// Judges a document by the table of options: every value becomes a ``Checked`` one or a problem, never neither.
///
/// Recursion follows the table, so its depth is that of the table.
struct TableCheck {
    let references: References
    var problems = Problems()

    init(references: References) { self.references = references }

    /// The whole document.
    mutating func document(_ setting: Setting) -> Section {
        section(setting, node: Options.root, pointer: "")
    }

    /// The value of one option; `setting` nil: not given.
    mutating func value(_ setting: Setting?, node: OptionNode, pointer: String, of parent: Place) -> CheckedValue {
        let option = node.option
        guard let setting else { return missing(node: node, pointer: pointer, of: parent) }
        var value = CheckedValue(content: .faulty, pointer: pointer, place: setting.place, written: setting)
        if case .value(let json) = option.fallback { value.fallback = Setting.builtIn(json).json }
        if option.availability == .unavailable, !isOff(setting, option) {
            problems.add(setting.place, pointer, unavailable(option))
            return value
        }
        if setting.isNull {
            guard option.isNullable else {
                problems.add(setting.place, pointer, "must be \(option.type.expected), not null")
                return value
            }
            value.content = .null
            return value
        }
        value.content = content(setting, type: option.type, node: node, pointer: pointer)
        return value
    }

    private mutating func missing(node: OptionNode, pointer: String, of parent: Place) -> CheckedValue {
        switch node.option.fallback {
        case .value("null"): return CheckedValue(content: .null, pointer: pointer, place: .builtIn)
        case .value(let json):
            let setting = Setting.builtIn(json)
            var value = CheckedValue(content: .faulty, pointer: pointer, place: .builtIn, written: setting)
            value.content = content(setting, type: node.option.type, node: node, pointer: pointer)
            return value
        case .required:
            let owner = pointer.dropLast(node.option.key.utf8.count + 1)
            problems.add(parent, String(owner), "\"\(node.option.key)\" is missing")
            return CheckedValue(content: .faulty, pointer: pointer, place: parent)
        case .same, .numbered:
            // The object that holds it fills it in.
            return CheckedValue(content: .null, pointer: pointer, place: .builtIn)
        }
    }

    private func isOff(_ setting: Setting, _ option: Option) -> Bool {
        guard let off = option.offValue else { return false }
        return setting.json == off || (setting.isText && setting.string == off)
    }

    private func unavailable(_ option: Option) -> String {
        let off = option.type.isSection ? nil : option.offValue
        let hint = off.map { " (leave it at \($0))" } ?? ""
        return "\"\(option.key)\" is not available in this version\(hint)"
    }

    private mutating func content(_ setting: Setting, type: OptionType, node: OptionNode, pointer: String) -> Checked {
        switch type {
        case .section(let orBool):
            if orBool, let isOn = bool(setting) {
                return isOn
                    ? .section(section(Setting(.object([]), place: setting.place), node: node, pointer: pointer))
                    : .bool(false)
            }
            guard setting.members != nil else { return wrongType(setting, type, pointer) }
            return .section(section(setting, node: node, pointer: pointer))
        case .sections(_, _, let atLeast):
            return sections(setting, type, atLeast: atLeast, node: node, pointer: pointer)
        case .namedSections: return named(setting, type, node: node, pointer: pointer)
        case .list(_, let atLeast):
            guard let elements = setting.elements else { return wrongType(setting, type, pointer) }
            guard elements.count >= atLeast else { return tooFew(setting, pointer) }
            return .list(
                elements.enumerated().map { index, element in
                    scalar(element, type: type.element, option: node.option, pointer: "\(pointer)/\(index)")
                })
        case .oneOrMore(let form):
            guard let elements = setting.elements else {
                return .list([scalar(setting, type: .text(form), option: node.option, pointer: pointer)])
            }
            guard !elements.isEmpty else { return tooFew(setting, pointer) }
            return .list(
                elements.enumerated().map { index, element in
                    scalar(element, type: .text(form), option: node.option, pointer: "\(pointer)/\(index)")
                })
        case .routing: return raw(setting, pointer: pointer)
        case .bool, .integer, .duration, .size, .rate, .memoryBudget, .text, .choice:
            return scalar(setting, type: type, option: node.option, pointer: pointer).content
        }
    }

    mutating func wrongType(_ setting: Setting, _ type: OptionType, _ pointer: String) -> Checked {
        problems.add(setting.place, pointer, "must be \(type.expected), not \(setting.kindName)")
        return .faulty
    }

    private mutating func tooFew(_ setting: Setting, _ pointer: String) -> Checked {
        problems.add(setting.place, pointer, "must not be empty")
        return .faulty
    }

    func bool(_ setting: Setting) -> Bool? {
        switch setting.content {
        case .bool(let value): value
        case .string("true") where setting.isText: true
        case .string("false") where setting.isText: false
        default: nil
        }
    }
}
