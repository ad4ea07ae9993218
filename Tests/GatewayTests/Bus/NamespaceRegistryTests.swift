import Routing
import Testing

@testable import Gateway

@Suite struct NamespaceRegistryTests {
    private let registry = NamespaceRegistry(shards: [], labels: ["/", "/tenant-{id}"])

    private func rules(limit: Int) throws -> [NamespaceMatcher] {
        let pattern = try #require(NamespacePattern("/tenant-{id}"))
        return [.name("/"), .pattern(pattern, text: "/tenant-{id}", limit: limit)]
    }

    @Test func `a namespace is the same for everyone who opens it`() throws {
        let rules = try self.rules(limit: 10)
        let first = try #require(self.registry.resolve("/tenant-1", rules: rules))
        #expect(self.registry.resolve("/tenant-1", rules: rules) === first)
        #expect(first.parameters == ["id": "1"])
        #expect(self.registry.existing("/tenant-1") === first)
    }

    @Test func `what no rule allows does not exist, also when another endpoint has opened it`() throws {
        let rules = try self.rules(limit: 10)
        #expect(self.registry.resolve("/random", rules: rules) == nil)
        _ = self.registry.resolve("/tenant-1", rules: rules)
        #expect(self.registry.resolve("/tenant-1", rules: [.name("/")]) == nil)
    }

    @Test func `a full pattern makes room by dropping a namespace without sockets`() throws {
        let rules = try self.rules(limit: 2)
        let used = try #require(self.registry.resolve("/tenant-used", rules: rules))
        used.socketAdded()
        for number in 0..<50 { #expect(self.registry.resolve("/tenant-\(number)", rules: rules) != nil) }
        #expect(self.registry.existing("/tenant-used") === used)
        #expect(self.registry.all.count == 2)
    }

    @Test func `a full pattern of namespaces in use opens no other`() throws {
        let rules = try self.rules(limit: 2)
        for name in ["/tenant-a", "/tenant-b"] { try #require(self.registry.resolve(name, rules: rules)).socketAdded() }
        #expect(self.registry.resolve("/tenant-c", rules: rules) == nil)
    }

    @Test func `an empty namespace of a pattern can be forgotten, a named one stays`() throws {
        let rules = try self.rules(limit: 2)
        let dynamic = try #require(self.registry.resolve("/tenant-a", rules: rules))
        let named = try #require(self.registry.resolve("/", rules: rules))
        dynamic.socketAdded()
        self.registry.removeIfEmpty(dynamic)
        #expect(self.registry.existing("/tenant-a") != nil)
        #expect(dynamic.socketRemoved())
        self.registry.removeIfEmpty(dynamic)
        self.registry.removeIfEmpty(named)
        #expect(self.registry.all.map(\.name) == ["/"])
        let again = try #require(self.registry.resolve("/tenant-a", rules: rules))
        #expect(again !== dynamic)
        #expect(again.index == dynamic.index)
    }
}
