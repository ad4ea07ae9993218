extension Options {
    /// The JSON Schema, draft 2020-12, of what this version accepts.
    package static func schema() -> String {
        let root = SchemaWriter.object(root.children, isRoot: true)
        let head: [(String, Setting)] = [
            ("$schema", .init(text: "https://json-schema.org/draft/2020-12/schema")),
            ("title", .init(text: "Gatehouse configuration")),
        ]
        let definitions = Setting(object: SchemaWriter.definitions)
        return PrettyJSON.text(Setting(object: head + root + [("$defs", definitions)]))
    }
}
