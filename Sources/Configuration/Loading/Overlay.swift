internal import JSONScanner
internal import Routing

/// Lays the environment and the overrides over the document of the file.
struct Overlay {
    private struct Failure: Error {
        var message: String
    }

    private(set) var document: Setting
    var problems = Problems()

    init(document: Setting) { self.document = document }

    /// `a.b=c`; lists by position or by the name of the element.
    mutating func set(_ assignment: String) {
        guard let equals = assignment.firstIndex(of: "="), equals != assignment.startIndex else {
            return problems.add(.override(assignment), "", "write it as a.b=c")
        }
        let key = String(assignment[..<equals])
        let path = key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        assign(String(assignment[assignment.index(after: equals)...]), to: path, place: .override(key))
    }

    /// A variable `GATEHOUSE_…`.
    mutating func set(variable name: String, to text: String) {
        let wanted = name.dropFirst(Options.environmentPrefix.count)
        guard let path = Self.path(of: wanted, node: Options.root, setting: document) else {
            // Without the prefix, which would make everything look alike.
            let known = Self.names(node: Options.root, setting: document, path: [])
            let hint = Suggestion.closest(to: String(wanted), among: known)
                .map { "; did you mean \"\(Options.environmentPrefix)\($0)\"?" }
            return problems.add(.environment(name), "", "no option has this variable\(hint ?? "")")
        }
        assign(text, to: path, place: .environment(name))
    }

    private mutating func assign(_ text: String, to path: [String], place: Place) {
        do {
            document = try Self.assigned(document, node: Options.root, path: path[...], text: text, place: place)
        } catch {
            problems.add(place, "", (error as? Failure)?.message ?? "cannot be set")
        }
    }

    /// The setting with the text at the path.
    ///
    /// What is not there yet begins as its default.
    private static func assigned(
        _ current: Setting?, node: OptionNode, path: ArraySlice<String>, text: String, place: Place
    ) throws -> Setting {
        guard let key = path.first else { return try leaf(text, node: node, place: place) }
        var setting = current ?? byDefault(node) ?? Setting(.object([]), place: place)
        switch node.option.type {
        case .section:
            guard let child = node[key] else {
                let hint = Suggestion.hint(for: key, among: node.children.map(\.option.key))
                throw Failure(message: "unknown key \"\(key)\"\(hint)")
            }
            let value = try assigned(setting[key], node: child, path: path.dropFirst(), text: text, place: place)
            setting.content = .object(replacing(key, in: setting.members ?? [], by: value, place: place))
            // A section that nobody has written begins here: what is wrong with it as a whole, is wrong here.
            if current == nil { setting.place = place }
        case .sections(_, let shorthand, _):
            var elements = setting.elements ?? []
            guard let index = position(of: key, in: elements) else {
                throw Failure(message: "\"\(node.option.key)\" has no element \"\(key)\"; it has \(elements.count)")
            }
            var element = elements[index]
            if let shorthand, element.string != nil {
                let member = Setting.Member(key: shorthand, keyPlace: element.place, value: element)
                element = Setting(.object([member]), place: element.place)
            }
            elements[index] = try object(element, node: node, path: path.dropFirst(), text: text, place: place)
            setting.content = .array(elements)
        case .namedSections:
            let value = try object(
                setting[key] ?? Setting(.object([]), place: place), node: node, path: path.dropFirst(), text: text,
                place: place)
            setting.content = .object(replacing(key, in: setting.members ?? [], by: value, place: place))
        default:
            throw Failure(message: "\"\(node.option.key)\" has no parts")
        }
        return setting
    }

    /// Inside an element of a list or a map, whose options are the children of the list's node.
    private static func object(
        _ current: Setting, node: OptionNode, path: ArraySlice<String>, text: String, place: Place
    ) throws -> Setting {
        guard let key = path.first else {
            guard let document = try? JSONDocument(text), document.root.kind == .object else {
                throw Failure(message: "needs a JSON object")
            }
            return Setting(document.root, place: place)
        }
        guard let child = node[key] else {
            let hint = Suggestion.hint(for: key, among: node.children.map(\.option.key))
            throw Failure(message: "unknown key \"\(key)\"\(hint)")
        }
        var setting = current
        let value = try assigned(setting[key], node: child, path: path.dropFirst(), text: text, place: place)
        setting.content = .object(replacing(key, in: setting.members ?? [], by: value, place: place))
        return setting
    }

    private static func leaf(_ text: String, node: OptionNode, place: Place) throws -> Setting {
        if text == "null", node.option.isNullable { return Setting(.null, place: place) }
        switch node.option.type {
        case .bool, .integer, .duration, .size, .rate, .memoryBudget, .text, .choice:
            return Setting(.string(text), place: place, isText: true)
        case .section(orBool: true) where text == "true" || text == "false":
            return Setting(.bool(text == "true"), place: place)
        case .list where !text.hasPrefix("["), .oneOrMore where !text.hasPrefix("["):
            let parts = text.split(separator: ",").map { Setting(.string(String($0)), place: place, isText: true) }
            return Setting(.array(parts), place: place)
        default:
            do {
                return Setting(try JSONDocument(text).root, place: place)
            } catch {
                throw Failure(message: "needs JSON: \(error.reason)")
            }
        }
    }

    private static func replacing(
        _ key: String, in members: [Setting.Member], by value: Setting, place: Place
    ) -> [Setting.Member] {
        var members = members
        if let index = members.lastIndex(where: { $0.key == key }) {
            members[index].value = value
        } else {
            members.append(Setting.Member(key: key, keyPlace: place, value: value))
        }
        return members
    }

    private static func position(of key: String, in elements: [Setting]) -> Int? {
        if let index = Int(key) { return elements.indices.contains(index) ? index : nil }
        return elements.firstIndex { $0["name"]?.string == key || $0.string == key }
    }

    private static func byDefault(_ node: OptionNode) -> Setting? {
        guard case .value(let json) = node.option.fallback else { return nil }
        let setting = Setting.builtIn(json)
        return setting.members != nil || setting.elements != nil ? setting : nil
    }
}

extension Overlay {
    /// The path that a variable means; names of elements and of handlers are those of the document.
    private static func path(of wanted: Substring, node: OptionNode, setting: Setting?) -> [String]? {
        for (part, path, node, setting) in steps(node: node, setting: setting) {
            if wanted == part, !node.option.path.isEmpty { return path }
            guard wanted.hasPrefix(part + "_") else { continue }
            if let rest = Self.path(of: wanted.dropFirst(part.count + 1), node: node, setting: setting) {
                return path + rest
            }
        }
        return nil
    }

    /// The variables, without their prefix, of all scalars that the document can have now.
    private static func names(node: OptionNode, setting: Setting?, path: [String]) -> [String] {
        steps(node: node, setting: setting).flatMap { part, _, node, setting in
            node.children.isEmpty
                ? [(path + [part]).joined(separator: "_")]
                : names(node: node, setting: setting, path: path + [part])
        }
    }

    private typealias Step = (part: String, path: [String], node: OptionNode, setting: Setting?)

    /// One key further down, through the elements of a list or a map where there are some.
    private static func steps(node: OptionNode, setting: Setting?) -> [Step] {
        node.children.flatMap { child -> [Step] in
            let key = child.option.key
            let part = Options.variablePart(key)
            let value = setting?[key] ?? byDefault(child)
            let own: [Step] = [(part, [key], child, value)]
            switch child.option.type {
            case .sections:
                return (value?.elements ?? []).enumerated().flatMap { index, element -> [Step] in
                    var names = ["\(index)"]
                    if let name = element["name"]?.string { names.append(name) }
                    return names.map { ("\(part)_\(Options.variablePart($0))", [key, $0], child, element) }
                }
            case .namedSections:
                return (value?.members ?? []).map {
                    ("\(part)_\(Options.variablePart($0.key))", [key, $0.key], child, $0.value)
                }
            default: return own
            }
        }
    }
}
