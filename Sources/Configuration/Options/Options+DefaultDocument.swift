extension Options {
    /// What the full document is about: one of everything that a document has several of.
    private static let skeleton = #"""
        {
            "listeners": [{ "address": "127.0.0.1:8080" }],
            "endpoints": [
                { "path": "/socket.io/", "protocol": "socket.io" },
                { "path": "/", "protocol": "static", "directory": "demo" }
            ],
            "handlers": { "app": { "type": "http", "url": "http://127.0.0.1:3000/events" } },
            "routes": [{ "handler": "app" }]
        }
        """#

    /// Every available option at its default, as a document that can be read back.
    package static func defaultDocument() -> String {
        var check = TableCheck(references: References(environment: { $0 }, readFile: { _ in nil }, directory: "/"))
        let section = check.document(.builtIn(skeleton))
        var setting = EffectivePrinter(showsExamples: true).setting(section)
        let schema = Setting.Member(key: "$schema", keyPlace: .builtIn, value: .builtIn(#""gateway.schema.json""#))
        setting.content = .object([schema] + (setting.members ?? []))
        return PrettyJSON.text(setting)
    }
}
