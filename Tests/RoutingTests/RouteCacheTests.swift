import Routing
import Testing

@Suite struct RouteCacheTests {
    @Test(arguments: RouteTableTests.examples)
    func `it finds what the table finds, twice`(type: EventType, namespace: String, event: String?, route: String?) {
        var cache = RouteCache(RouteTableTests.table)
        for _ in 0..<2 {
            let found = cache.match(type: type, namespace: namespace, event: event)
            #expect(found == route)
        }
        #expect(cache.count == 1)
    }

    @Test func `names that clients make up do not fill the memory`() {
        var cache = RouteCache(RouteTableTests.table)
        for number in 0..<5_000 {
            let found = cache.match(type: .event, namespace: "/x", event: "order:\(number)")
            #expect(found == "orders")
            #expect(cache.count <= RouteCache<String>.maxEntries)
        }
        let before = cache.count
        _ = cache.match(type: .event, namespace: "/x", event: String(repeating: "x", count: 10_000))
        _ = cache.match(type: .event, namespace: "/x", event: "\u{E9}")
        #expect(cache.count == before)
    }
}
