internal import JSONScanner
internal import Routing

extension TableCheck {
    /// An object: unknown and doubled keys, then every option of its variant.
    ///
    /// - Parameter shorthand: The key that a mere string stood for, so that there is no such place in the document.
    mutating func section(
        _ setting: Setting, node: OptionNode, pointer: String, variantKey: String? = nil, shorthand: String? = nil
    ) -> Section {
        var section = Section(node: node, pointer: pointer, place: setting.place)
        if let variantKey, let variant = node[variantKey] {
            let value = value(
                setting[variantKey], node: variant, pointer: "\(pointer)/\(variantKey)", of: setting.place)
            section.values[variantKey] = value
            guard case .text(let name) = value.content else {
                // What such an object may hold is unknown, so there is one problem and not ten.
                section.isFaulty = true
                return section
            }
            section.variant = name
        }
        let members = known(setting, node: node, pointer: pointer)
        for child in node.children where child.option.key != variantKey {
            let key = child.option.key
            let place = key == shorthand ? pointer : "\(pointer)/\(JSONPointer.escape(key))"
            let member = members[key]
            guard
                section.variant == nil || child.option.variants.isEmpty
                    || child.option.variants.contains(section.variant ?? "")
            else {
                if let member {
                    let owners = child.option.variants.map { "\"\($0)\"" }.joined(separator: ", ")
                    problems.add(
                        member.keyPlace, place,
                        "\"\(key)\" does not belong to \"\(section.variant ?? "")\", only to \(owners)")
                }
                continue
            }
            section.values[key] = value(member?.value, node: child, pointer: place, of: setting.place)
        }
        fillIn(&section)
        return section
    }

    mutating func sections(
        _ setting: Setting, _ type: OptionType, atLeast: Int, node: OptionNode, pointer: String
    ) -> Checked {
        guard case .sections(let variantKey, let shorthand, _) = type, let elements = setting.elements else {
            return wrongType(setting, type, pointer)
        }
        guard elements.count >= atLeast else {
            problems.add(setting.place, pointer, "must not be empty")
            return .faulty
        }
        var checked: [Section] = []
        for (index, element) in elements.enumerated() {
            let place = "\(pointer)/\(index)"
            var element = element
            let isShort = shorthand != nil && element.string != nil
            if let shorthand, isShort {
                let member = Setting.Member(key: shorthand, keyPlace: element.place, value: element)
                element = Setting(.object([member]), place: element.place)
            }
            guard element.members != nil else {
                let expected = shorthand == nil ? "an object" : "a string or an object"
                problems.add(element.place, place, "must be \(expected), not \(element.kindName)")
                continue
            }
            var section = section(
                element, node: node, pointer: place, variantKey: variantKey, shorthand: isShort ? shorthand : nil)
            for child in node.children {
                guard case .numbered(let prefix) = child.option.fallback,
                    section.values[child.option.key]?.written == nil
                else { continue }
                section.values[child.option.key]?.content = .text("\(prefix)\(index)")
            }
            checked.append(section)
        }
        return .sections(checked)
    }

    mutating func named(_ setting: Setting, _ type: OptionType, node: OptionNode, pointer: String) -> Checked {
        guard case .namedSections(let variantKey) = type, let members = setting.members else {
            return wrongType(setting, type, pointer)
        }
        doubled(members, pointer: pointer)
        var checked: [(name: String, section: Section)] = []
        for member in members where !member.key.hasPrefix("_") {
            let place = "\(pointer)/\(JSONPointer.escape(member.key))"
            if let problem = OptionType.TextForm.label.problem(with: member.key) {
                problems.add(member.keyPlace, place, "\"\(member.key)\" \(problem)")
            }
            guard member.value.members != nil else {
                problems.add(member.value.place, place, "must be an object, not \(member.value.kindName)")
                continue
            }
            checked.append((member.key, section(member.value, node: node, pointer: place, variantKey: variantKey)))
        }
        return .named(checked)
    }

    /// The members by key, after the problems of unknown and doubled ones.
    private mutating func known(
        _ setting: Setting, node: OptionNode, pointer: String
    ) -> [String: Setting.Member] {
        let members = setting.members ?? []
        doubled(members, pointer: pointer)
        var known: [String: Setting.Member] = [:]
        for member in members where !member.key.hasPrefix("_") {
            if member.key == "$schema", pointer.isEmpty { continue }
            guard node[member.key] != nil else {
                let hint = Suggestion.hint(for: member.key, among: node.children.map(\.option.key))
                let place = "\(pointer)/\(JSONPointer.escape(member.key))"
                problems.add(member.keyPlace, place, "unknown key \"\(member.key)\"\(hint)")
                continue
            }
            known[member.key] = member
        }
        return known
    }

    /// JSON leaves it open which of two equal keys counts, so neither does here.
    mutating func doubled(_ members: [Setting.Member], pointer: String) {
        var seen: Set<String> = []
        for member in members where !member.key.hasPrefix("_") && !seen.insert(member.key).inserted {
            let place = "\(pointer)/\(JSONPointer.escape(member.key))"
            problems.add(member.keyPlace, place, "the key \"\(member.key)\" is there twice")
        }
    }

    private func fillIn(_ section: inout Section) {
        for child in section.node.children {
            guard case .same(let other) = child.option.fallback, let own = section.values[child.option.key],
                own.written == nil, let source = section.values[other]
            else { continue }
            section.values[child.option.key]?.content = source.content
        }
    }
}
