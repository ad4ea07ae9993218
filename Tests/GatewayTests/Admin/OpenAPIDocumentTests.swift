import JSONScanner
import Testing

@testable import Gateway

@Suite struct OpenAPIDocumentTests {
    private func document() throws -> JSONNode { try JSONDocument(OpenAPIDocument.json(version: "1.2.3")).root }

    @Test func `every route is described, and nothing else`() throws {
        let paths = try self.document()["paths"]?.members ?? []
        let described = paths.flatMap { path in path.value.members.map { "\($0.key.uppercased()) \(path.key)" } }
        #expect(Set(described) == Set(AdminRoute.all.map { "\($0.method.name) \($0.path)" }))
    }

    @Test func `every shape that is referred to exists`() throws {
        let text = try self.document().rawString
        let schemas = try #require(try self.document()["components"]?["schemas"])
        let references = text.matches(of: /"\$ref":"#\/components\/schemas\/(\w+)"/).map { String($0.output.1) }
        #expect(references.count > 20)
        for name in references { #expect(schemas[name] != nil, "\(name)") }
    }

    @Test func `operations have names of their own`() throws {
        let names = (try self.document()["paths"]?.members ?? []).flatMap { $0.value.members }
            .compactMap { $0.value["operationId"]?.string }
        #expect(names.count == AdminRoute.all.count)
        #expect(Set(names).count == names.count)
    }
}
