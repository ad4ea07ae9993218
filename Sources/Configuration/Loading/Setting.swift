internal import JSONScanner

/// One value of the document before it is checked, with the place where it was written.
///
/// The file, the environment and the overrides become one tree of these; the table of options then judges it.
struct Setting: Sendable {
    struct Member: Sendable {
        var key: String
        var keyPlace: Place
        var value: Setting
    }

    indirect enum Content: Sendable {
        case null
        case bool(Bool)
        /// As written.
        case number(String)
        case string(String)
        case array([Setting])
        case object([Member])
    }

    var content: Content
    var place: Place
    /// The value was given as bare text (environment, `--set`, a reference), so that `"100"` may be a number.
    var isText = false
    /// The node of the file that this is, while nothing has changed it.
    var node: JSONNode?

    init(_ content: Content, place: Place, isText: Bool = false) {
        self.content = content
        self.place = place
        self.isText = isText
    }

    /// A parsed text; `place` nil keeps the offsets of the file.
    ///
    /// Recursion is bounded by the depth limit of ``JSONScanner/JSONDocument``.
    init(_ node: JSONNode, place: Place? = nil) {
        self.place = place ?? .file(offset: node.range.lowerBound)
        switch node.kind {
        case .null: content = .null
        case .bool: content = .bool(node.bool ?? false)
        case .number: content = .number(node.rawString)
        case .string: content = .string(node.string ?? "")
        case .array: content = .array(node.elements.map { Setting($0, place: place) })
        case .object:
            content = .object(
                node.members.map { member in
                    Member(
                        key: member.key,
                        keyPlace: place ?? .file(offset: member.keyRange.lowerBound),
                        value: Setting(member.value, place: place))
                })
        }
        if place == nil { self.node = node }
    }

    /// A JSON text of the table itself.
    static func builtIn(_ json: String) -> Setting {
        guard let document = try? JSONDocument(json) else {
            preconditionFailure("the table of options holds a default that is no JSON: \(json)")
        }
        return Setting(document.root, place: .builtIn)
    }

    var isNull: Bool {
        if case .null = content { true } else { false }
    }

    var string: String? {
        if case .string(let text) = content { text } else { nil }
    }

    var elements: [Setting]? {
        if case .array(let elements) = content { elements } else { nil }
    }

    var members: [Member]? {
        if case .object(let members) = content { members } else { nil }
    }

    subscript(_ key: String) -> Setting? {
        members?.last { $0.key == key }?.value
    }

    /// What an error calls it: `a number`, `an object`.
    var kindName: String {
        switch content {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "a list"
        case .object: "an object"
        }
    }

    /// The value at a JSON pointer below this one, as far as the pointer goes.
    func nearest(pointer: Substring) -> Setting {
        var current = self
        for part in pointer.split(separator: "/") {
            let key = part.replacing("~1", with: "/").replacing("~0", with: "~")
            let next = current.members != nil ? current[String(key)] : Int(key).flatMap { current.element($0) }
            guard let next else { return current }
            current = next
        }
        return current
    }

    private func element(_ index: Int) -> Setting? {
        guard let elements, elements.indices.contains(index) else { return nil }
        return elements[index]
    }
}

extension Setting {
    /// Appends the value as JSON.
    func write(to writer: inout JSONWriter) {
        switch content {
        case .null: writer.null()
        case .bool(let value): writer.value(value)
        case .number(let text): writer.raw(Array(text.utf8))
        case .string(let text): writer.value(text)
        case .array(let elements):
            writer.beginArray()
            for element in elements { element.write(to: &writer) }
            writer.endArray()
        case .object(let members):
            writer.beginObject()
            for member in members {
                writer.key(member.key)
                member.value.write(to: &writer)
            }
            writer.endObject()
        }
    }

    /// The value as compact JSON.
    var json: String {
        var writer = JSONWriter()
        write(to: &writer)
        return writer.string
    }
}
