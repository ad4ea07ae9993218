import Routing
import Testing

@Suite struct NamespacePatternTests {
    private static let matching: [(String, String, [String: String])] = [
        ("/tenant-{id}", "/tenant-acme", ["id": "acme"]), ("/tenant-{id}", "/tenant-a-b", ["id": "a-b"]),
        ("/{a}-{b}", "/x-y-z", ["a": "x", "b": "y-z"]), ("/{a}-x", "/1-x-x", ["a": "1-x"]),
        ("/{a}/{b}", "/x/y", ["a": "x", "b": "y"]),
        ("/t/{id}/chat", "/t/7/chat", ["id": "7"]), ("/{a}--{b}", "/---x", ["a": "-", "b": "x"]),
        ("/plain", "/plain", [:]), ("/", "/", [:]),
        ("/{x}", "/\u{1F600}", ["x": "\u{1F600}"]),
    ]

    @Test(arguments: matching)
    func `a name of the family is taken apart`(pattern: String, name: String, values: [String: String]) throws {
        #expect(try #require(NamespacePattern(pattern)).match(name) == values)
    }

    private static let different: [(String, String)] = [
        ("/tenant-{id}", "/tenant-"), ("/tenant-{id}", "/tenant-a/b"), ("/tenant-{id}", "/Tenant-a"),
        ("/tenant-{id}", "/tenant"),
        ("/tenant-{id}", ""), ("/{a}-{b}", "/x-"), ("/{a}-{b}", "/-x"), ("/{a}-{b}", "/x"), ("/{a}-x", "/-x"),
        ("/{a}-x", "/a-xx"),
        ("/plain", "/plainer"), ("/", "/a"), ("/{a}/{b}", "/x/y/z"),
    ]

    @Test(arguments: different)
    func `any other name is not`(pattern: String, name: String) throws {
        #expect(try #require(NamespacePattern(pattern)).match(name) == nil)
    }

    @Test(arguments: [
        "", "tenant", "{id}", "/{", "/}", "/{}", "/{a}{b}", "/{a}-{a}", "/{a b}", "/{é}", "/{a.b}", "/a}b{c}",
        "/{a{b}}", "/{a}}",
    ])
    func `an ill-formed pattern is refused`(pattern: String) {
        #expect(NamespacePattern(pattern) == nil)
    }

    @Test func `the names are known in order`() throws {
        #expect(try #require(NamespacePattern("/{b}/{a}")).names == ["b", "a"])
        #expect(try #require(NamespacePattern("/x")).names == [])
    }
}
