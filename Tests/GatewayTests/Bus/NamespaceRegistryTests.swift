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

    @Test func `a full pattern makes room by dropping a namespace that nobody holds`() throws {
        let rules = try self.rules(limit: 2)
        let used = try #require(self.registry.resolve("/tenant-used", rules: rules))
        for number in 0..<50 {
            let namespace = try #require(self.registry.resolve("/tenant-\(number)", rules: rules))
            namespace.noteEntry()
            self.registry.release(namespace, forgetting: false)
        }
        #expect(self.registry.existing("/tenant-used") === used)
        #expect(self.registry.all.count == 2)
    }

    @Test func `a full pattern of namespaces in use opens no other`() throws {
        let rules = try self.rules(limit: 2)
        for name in ["/tenant-a", "/tenant-b"] { #expect(self.registry.resolve(name, rules: rules) != nil) }
        #expect(self.registry.resolve("/tenant-c", rules: rules) == nil)
    }

    @Test func `a namespace of a pattern goes with its last holder, a named one stays`() throws {
        let rules = try self.rules(limit: 2)
        let dynamic = try #require(self.registry.resolve("/tenant-a", rules: rules))
        let named = try #require(self.registry.resolve("/", rules: rules))
        #expect(self.registry.resolve("/tenant-a", rules: rules) === dynamic)
        self.registry.release(dynamic, forgetting: true)
        #expect(self.registry.existing("/tenant-a") === dynamic, "somebody is still about to enter")
        self.registry.release(dynamic, forgetting: true)
        self.registry.release(named, forgetting: true)
        #expect(self.registry.all.map(\.name) == ["/"])
        let again = try #require(self.registry.resolve("/tenant-a", rules: rules))
        #expect(again !== dynamic)
        #expect(again.index == dynamic.index)
    }

    /// KELVIN SIGN and K, and two ways to write é: the same to Swift's own comparison.
    @Test(arguments: [("/tenant-\u{212A}1", "/tenant-K1"), ("/tenant-cafe\u{301}", "/tenant-caf\u{E9}")])
    func `names are the same only when their bytes are`(one: String, other: String) throws {
        #expect(one == other)
        let rules = try self.rules(limit: 10)
        let first = try #require(self.registry.resolve(one, rules: rules))
        #expect(self.registry.existing(other) == nil)
        let second = try #require(self.registry.resolve(other, rules: rules))
        #expect(first !== second)
        #expect(first.name.isExactly(one) && second.name.isExactly(other))
        self.registry.release(first, forgetting: true)
        #expect(self.registry.existing(one) == nil && self.registry.existing(other) === second)
        #expect(self.registry.resolve(other, rules: [.name(one)]) == nil)
        #expect(!NamespaceMatcher.name(one).accepts(other))
    }

    @Test func `whoever is refused leaves no namespace behind, whoever was let in does`() throws {
        let rules = try self.rules(limit: 10)
        let refused = try #require(self.registry.resolve("/tenant-a", rules: rules))
        self.registry.release(refused, forgetting: false)
        #expect(self.registry.existing("/tenant-a") == nil)
        let entered = try #require(self.registry.resolve("/tenant-b", rules: rules))
        entered.socketAdded()
        entered.socketRemoved()
        self.registry.release(entered, forgetting: false)
        #expect(self.registry.existing("/tenant-b") === entered)
    }

    @Test func `to ask where a name leads opens nothing`() throws {
        let rules = try self.rules(limit: 10)
        let place = try #require(self.registry.place(of: "/tenant-a", rules: rules))
        #expect(self.registry.place(of: "/else", rules: rules) == nil)
        #expect(self.registry.all.isEmpty)
        #expect(self.registry.label(of: place) == 1)
        #expect(self.registry.open(place)?.label == 1)
    }
}
