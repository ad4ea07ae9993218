import HTTP1
import JSONScanner

/// The admin API as OpenAPI 3.1, made from the same table that requests are matched with.
enum OpenAPIDocument {
    static func json(version: String) -> [UInt8] {
        var writer = JSONWriter(reservingCapacity: 16_384)
        writer.beginObject()
        writer.member("openapi", "3.1.0")
        writer.key("info")
        writer.beginObject()
        writer.member("title", "Gatehouse admin API")
        writer.member("version", version)
        writer.endObject()
        writer.key("paths")
        writer.beginObject()
        var paths: [String] = []
        for route in AdminRoute.all where !paths.contains(route.path) { paths.append(route.path) }
        for path in paths {
            writer.key(path)
            writer.beginObject()
            for route in AdminRoute.all where route.path == path { self.write(route, into: &writer) }
            writer.endObject()
        }
        writer.endObject()
        writer.key("components")
        writer.raw(OpenAPISchemas.components.utf8)
        writer.endObject()
        return writer.bytes
    }

    private static func write(_ route: AdminRoute, into writer: inout JSONWriter) {
        writer.key(route.method.name.lowercased())
        writer.beginObject()
        writer.member("operationId", "\(route.operation)")
        writer.member("summary", route.about)
        if case .scope(let scope) = route.access {
            writer.member(
                "description", "Needs a key with the scope `\(scope.rawValue)` or `admin`, where keys are configured.")
        }
        writer.key("security")
        writer.beginArray()
        if route.access != .open {
            // Loopback without keys is the other possibility.
            for requirement in ["{\"key\":[]}", "{}"] { writer.raw(requirement.utf8) }
        }
        writer.endArray()
        self.writeParameters(route, into: &writer)
        if route.body != .none {
            writer.key("requestBody")
            writer.beginObject()
            writer.member("required", route.body == .required)
            self.writeContent("application/json", route.operation.requestSchema, into: &writer)
            writer.endObject()
        }
        self.writeResponses(route, into: &writer)
        writer.endObject()
    }

    private static func writeParameters(_ route: AdminRoute, into writer: inout JSONWriter) {
        let inPath = route.path.split(separator: "/").filter { $0.hasPrefix("{") }.map { $0.dropFirst().dropLast() }
        guard !inPath.isEmpty || !route.query.isEmpty else { return }
        writer.key("parameters")
        writer.beginArray()
        for name in inPath {
            writer.beginObject()
            writer.member("name", String(name))
            writer.member("in", "path")
            writer.member("required", true)
            writer.member("schema", raw: "{\"type\":\"string\"}".utf8)
            writer.endObject()
        }
        for parameter in route.query {
            writer.beginObject()
            writer.member("name", parameter.name)
            writer.member("in", "query")
            writer.member("description", parameter.about)
            writer.member("schema", raw: (parameter.isNumber ? "{\"type\":\"integer\"}" : "{\"type\":\"string\"}").utf8)
            writer.endObject()
        }
        writer.endArray()
    }

    private static func writeResponses(_ route: AdminRoute, into writer: inout JSONWriter) {
        writer.key("responses")
        writer.beginObject()
        switch route.operation.answer {
        case .nothing:
            writer.key("204")
            writer.beginObject()
            writer.member("description", "Done.")
            writer.endObject()
        case .text:
            writer.key("200")
            writer.beginObject()
            writer.member("description", "The text.")
            self.writeContent("text/plain", nil, into: &writer)
            writer.endObject()
        case .json(let schema):
            writer.key("200")
            writer.beginObject()
            writer.member("description", "Done.")
            self.writeContent("application/json", schema, into: &writer)
            writer.endObject()
        }
        if route.access == .open {
            writer.key("503")
            writer.beginObject()
            writer.member("description", "No.")
            writer.endObject()
        } else {
            writer.key("default")
            writer.beginObject()
            writer.member("description", "Why nothing was done.")
            self.writeContent("application/problem+json", "Problem", into: &writer)
            writer.endObject()
        }
        writer.endObject()
    }

    /// The body of a request or an answer: of a schema by name, any when there is none.
    private static func writeContent(_ type: String, _ schema: String?, into writer: inout JSONWriter) {
        writer.key("content")
        writer.beginObject()
        writer.key(type)
        writer.beginObject()
        writer.key("schema")
        writer.beginObject()
        if let schema { writer.member("$ref", "#/components/schemas/\(schema)") }
        writer.endObject()
        writer.endObject()
        writer.endObject()
    }
}
