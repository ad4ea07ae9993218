import Foundation
import JSONScanner
import Testing

@testable import Configuration

@Suite struct DefaultDocumentTests {
    @Test func `the published full document is the generated one`() throws {
        #expect(try PublishedFile.text("gateway.full.json") == Options.defaultDocument(), "gatehouse config default")
    }

    @Test func `the full document says nothing but the defaults`() throws {
        let bare = """
            {
                "listeners": [{ "address": "127.0.0.1:8080" }],
                "endpoints": [
                    { "path": "/socket.io/", "protocol": "socket.io" },
                    { "path": "/", "protocol": "static", "directory": "demo" }
                ],
                "handlers": { "app": { "type": "http", "url": "http://127.0.0.1:3000/events" } },
                "routes": [{ "handler": "app" }]
            }
            """
        let full = try TestLoad(Options.defaultDocument()).get()
        let defaults = try TestLoad(bare).get()
        #expect(full.show() == defaults.show())
        #expect(full.limits == defaults.limits)
        #expect(full.listeners == defaults.listeners)
        #expect(full.handlers == defaults.handlers)
    }

    @Test func `every available option of the available variants is in the full document`() throws {
        let root = try JSONDocument(Options.defaultDocument()).root
        let unavailable = Options.all.filter { $0.availability == .unavailable }.map(\.path)
        // A section with nothing in it is left out.
        for option in Options.all where option.path != "tracing" {
            guard !unavailable.contains(where: { option.path == $0 || option.path.hasPrefix("\($0).") }) else {
                continue
            }
            let variants = ["socket.io", "static", "http"]
            guard option.variants.isEmpty || option.variants.contains(where: variants.contains) else { continue }
            #expect(Self.contains(Options.keys(of: option.path)[...], in: root), "\(option.path)")
        }
    }

    @Test func `what is shown can be loaded again and shows the same`() throws {
        for name in try PublishedFile.examples() where name != "examples/webhook.json" {
            let shown = try TestLoad(try PublishedFile.text(name)).get().show()
            #expect(try TestLoad(shown).get().show() == shown, "\(name)")
        }
    }

    /// Through lists and maps, and through the `_key` beside a key that is null or empty.
    private static func contains(_ keys: ArraySlice<String>, in node: JSONNode) -> Bool {
        guard let key = keys.first else { return true }
        if node.kind == .array { return node.elements.contains { contains(keys, in: $0) } }
        for name in [key, "_\(key)"] {
            if let value = node[name], contains(keys.dropFirst(), in: value) { return true }
        }
        return node.members.contains { node["app"] != nil && contains(keys, in: $0.value) }
    }
}
