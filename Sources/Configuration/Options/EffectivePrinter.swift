internal import JSONScanner

/// Writes a judged document back as JSON: every available option with its value, secrets redacted.
struct EffectivePrinter {
    /// Objects that are null, false or empty show what they could hold, under their key with `_` before it: such keys
    /// are ignored when the document is read.
    var showsExamples = false

    func setting(_ section: Section) -> Setting {
        var members: [Setting.Member] = []
        func add(_ key: String, _ value: Setting) {
            members.append(.init(key: key, keyPlace: .builtIn, value: value))
        }
        for child in section.node.children(of: section.variant) where child.option.availability == .available {
            let key = child.option.key
            guard let value = section.values[key] else { continue }
            // Nothing inside it is available.
            if !child.children.isEmpty, child.children.allSatisfy({ $0.option.availability == .unavailable }) {
                continue
            }
            add(key, setting(value, option: child.option))
            if showsExamples, let example = example(of: child, value) { add("_\(key)", example) }
        }
        return Setting(.object(members), place: .builtIn)
    }

    private func setting(_ value: CheckedValue, option: Option) -> Setting {
        switch value.content {
        case .faulty, .null: return plain(.null)
        case .bool(let bool): return plain(.bool(bool))
        case .integer(let number):
            if case .integer = option.type { return plain(.number("\(number)")) }
            return value.written ?? plain(.number("\(number)"))
        case .list(let values): return plain(.array(values.map { setting($0, option: option) }))
        case .section(let section): return setting(section)
        case .sections(let sections):
            let written = value.written?.elements ?? []
            return plain(
                .array(
                    sections.enumerated().map { index, section in
                        index < written.count && written[index].string != nil ? written[index] : setting(section)
                    }))
        case .named(let sections):
            return plain(.object(sections.map { .init(key: $0.name, keyPlace: .builtIn, value: setting($0.section)) }))
        case .raw: return value.written ?? plain(.null)
        case .duration, .rate, .memoryBudget: return value.written ?? plain(.null)
        case .text(let text):
            if option.isSecret { return plain(.string(Secret.redacted)) }
            return plain(.string(Secret.withoutCredentials(value.written?.string ?? text)))
        }
    }

    private func plain(_ content: Setting.Content) -> Setting { Setting(content, place: .builtIn) }

    private func example(of node: OptionNode, _ value: CheckedValue) -> Setting? {
        guard !node.children.isEmpty else { return nil }
        switch value.content {
        case .section, .named: return nil
        case .sections(let sections):
            guard case .sections(_, let shorthand, _) = node.option.type, sections.isEmpty || shorthand != nil else {
                return nil
            }
            return plain(.array([example(of: node)]))
        default: return example(of: node)
        }
    }

    private func example(of node: OptionNode) -> Setting {
        var members: [Setting.Member] = []
        for child in node.children where child.option.availability == .available {
            let json =
                switch child.option.fallback {
                case .value(let json), .required(let json): json
                case .same, .numbered: "null"
                }
            let key = child.option.key
            members.append(.init(key: key, keyPlace: .builtIn, value: Setting.builtIn(json)))
            guard !child.children.isEmpty else { continue }
            var inner = example(of: child)
            if case .sections = child.option.type { inner = plain(.array([inner])) }
            members.append(.init(key: "_\(key)", keyPlace: .builtIn, value: inner))
        }
        return plain(.object(members))
    }
}
