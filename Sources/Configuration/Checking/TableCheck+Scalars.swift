internal import JSONScanner
internal import Routing

extension TableCheck {
    /// One value without parts.
    mutating func scalar(_ setting: Setting, type: OptionType, option: Option, pointer: String) -> CheckedValue {
        var value = CheckedValue(content: .faulty, pointer: pointer, place: setting.place, written: setting)
        guard let resolved = resolved(setting, pointer: pointer) else { return value }
        do {
            value.content = try judge(resolved, written: setting, type: type, option: option)
        } catch {
            problems.add(setting.place, pointer, error.message)
        }
        return value
    }

    /// A value for the routing's compilers, its references resolved.
    mutating func raw(_ setting: Setting, pointer: String) -> Checked {
        guard let resolved = deeplyResolved(setting, pointer: pointer) else { return .faulty }
        return .raw(resolved)
    }

    /// The same with references filled in; nil after a problem.
    private mutating func resolved(_ setting: Setting, pointer: String) -> Setting? {
        guard case .string(let text) = setting.content, References.occur(in: text) else { return setting }
        do {
            return Setting(
                .string(try references.resolve(text, place: setting.place)), place: setting.place, isText: true)
        } catch {
            problems.add(setting.place, pointer, error.message)
            return nil
        }
    }

    /// Bounded by the depth limit of the document.
    private mutating func deeplyResolved(_ setting: Setting, pointer: String) -> Setting? {
        var copy = setting
        switch setting.content {
        case .null, .bool, .number: return setting
        case .string(let text):
            guard References.occur(in: text) else { return setting }
            return resolved(setting, pointer: pointer)
        case .array(let elements):
            var isComplete = true
            var isSame = true
            let parts = elements.enumerated().compactMap { index, element -> Setting? in
                let part = deeplyResolved(element, pointer: "\(pointer)/\(index)")
                isComplete = isComplete && part != nil
                isSame = isSame && part?.node != nil
                return part
            }
            guard isComplete else { return nil }
            copy.content = .array(parts)
            if !isSame { copy.node = nil }
        case .object(let members):
            doubled(members, pointer: pointer)
            var parts: [Setting.Member] = []
            var isSame = true
            for member in members {
                let place = "\(pointer)/\(JSONPointer.escape(member.key))"
                guard let part = deeplyResolved(member.value, pointer: place) else { return nil }
                parts.append(Setting.Member(key: member.key, keyPlace: member.keyPlace, value: part))
                isSame = isSame && part.node != nil
            }
            copy.content = .object(parts)
            if !isSame { copy.node = nil }
        }
        return copy
    }

    private func judge(
        _ setting: Setting, written: Setting, type: OptionType, option: Option
    ) throws(UnitError) -> Checked {
        // A resolved or secret value stays out of messages; what was written instead of it does not.
        let shown = option.isSecret ? "the value" : Secret.withoutCredentials(written.json)
        func expected() -> UnitError { UnitError(message: "must be \(type.expected), not \(setting.kindName)") }
        func refuse<Value>(_ parse: (String) throws(UnitError) -> Value, _ text: String) throws(UnitError) -> Value {
            do { return try parse(text) } catch {
                let isHidden = option.isSecret || setting.string != written.string
                throw UnitError(message: isHidden ? "must be \(type.expected)" : "\(shown) \(error.message)")
            }
        }
        switch type {
        case .bool:
            guard let value = bool(setting) else { throw expected() }
            return .bool(value)
        case .integer(let range):
            guard let digits = bare(setting), setting.string == nil || setting.isText else { throw expected() }
            guard let value = integer(digits) else { throw UnitError(message: "\(shown) is not a whole number") }
            guard range.contains(value) else {
                throw UnitError(message: "\(shown) is out of range: \(range.lowerBound) to \(range.upperBound)")
            }
            return .integer(value)
        case .duration(let atLeast):
            guard let text = bare(setting) else { throw expected() }
            let value = try refuse(Units.duration, text)
            guard value >= atLeast else { throw UnitError(message: "\(shown) is too short; at least \"1ms\"") }
            return .duration(value)
        case .size(let range):
            guard let text = bare(setting) else { throw expected() }
            let value = try refuse(Units.size, text)
            guard range.contains(value) else {
                throw UnitError(message: "\(shown) is out of range: \(range.lowerBound) to \(range.upperBound) bytes")
            }
            return .integer(value)
        case .rate:
            guard let text = bare(setting) else { throw expected() }
            return .rate(try refuse(Units.rate, text))
        case .memoryBudget:
            guard let text = bare(setting) else { throw expected() }
            let value = try refuse(Units.memoryBudget, text)
            guard value != .bytes(0) else { throw UnitError(message: "\(shown) is nothing at all") }
            return .memoryBudget(value)
        case .text(let form): return try text(setting, shown: shown, form: form, expected: expected())
        case .choice(let choices, let noun):
            guard let text = setting.string else { throw expected() }
            return .text(try choose(text, from: choices, noun: noun, isHidden: text != written.string))
        case .list, .oneOrMore, .section, .sections, .namedSections, .routing:
            preconditionFailure("\(option.path) is no scalar")
        }
    }

    private func text(
        _ setting: Setting, shown: String, form: OptionType.TextForm, expected: UnitError
    ) throws(UnitError) -> Checked {
        guard let text = setting.string else { throw expected }
        if let problem = form.problem(with: text) { throw UnitError(message: "\(shown) \(problem)") }
        switch form {
        case .file: return .text(references.absolute(text, place: setting.place))
        case .urlOrFile where !text.contains("://"):
            return .text(references.absolute(text, place: setting.place))
        case .address:
            guard text.hasPrefix("unix:") else { return .text(text) }
            return .text("unix:" + references.absolute(String(text.dropFirst(5)), place: setting.place))
        default: return .text(text)
        }
    }

    private func choose(
        _ text: String, from choices: [OptionType.Choice], noun: String, isHidden: Bool
    ) throws(UnitError) -> String {
        let available = choices.filter { $0.availability == .available }.map(\.value).joined(separator: ", ")
        guard let choice = choices.first(where: { $0.value == text }) else {
            guard !isHidden else { throw UnitError(message: "must be one of: \(available)") }
            let hint = Suggestion.hint(for: text, among: choices.map(\.value))
            throw UnitError(message: "\"\(text)\" is not one of: \(available)\(hint)")
        }
        guard choice.availability == .available else {
            throw UnitError(message: "\"\(text)\" \(noun) are not available in this version (available: \(available))")
        }
        return text
    }

    /// A whole number, clamped where it is beyond counting: no range reaches so far.
    private func integer(_ text: String) -> Int? {
        if let number = (try? JSONDocument(text))?.root.int { return number }
        let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return text.hasPrefix("-") ? .min : .max
    }

    /// The text of a quantity: a bare number too, so that the error can show how to write it.
    private func bare(_ setting: Setting) -> String? {
        switch setting.content {
        case .string(let text), .number(let text): text
        default: nil
        }
    }
}
