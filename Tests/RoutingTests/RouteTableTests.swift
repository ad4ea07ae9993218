import Randomness
import Routing
import Testing

@Suite struct RouteTableTests {
    /// As in the documentation of the configuration.
    static let table = RouteTable([
        (RouteMatch(types: [.connect]), "connect"),
        (RouteMatch(namespaces: ["/chat"], events: ["join"]), "join"),
        (RouteMatch(namespaces: ["/chat"], events: ["typing"]), "typing"),
        (RouteMatch(events: ["order:*"]), "orders"),
        (RouteMatch(namespaces: ["/chat"], events: ["message:*", "edit"]), "chat"),
        (RouteMatch(types: [.disconnected]), "left"),
        (RouteMatch(events: ["order:exact"]), "shadowed"),
        (RouteMatch(), "rest"),
        (RouteMatch(events: ["join"]), "never"),
    ])

    static let examples: [(EventType, String, String?, String?)] = [
        (.connect, "/", nil, "connect"), (.connected, "/", nil, nil), (.event, "/chat", "join", "join"),
        (.event, "/other", "join", "rest"), (.event, "/chat", "typing", "typing"), (.event, "/x", "order:1", "orders"),
        (.event, "/x", "order:exact", "orders"), (.event, "/chat", "message:new", "chat"),
        (.event, "/chat", "edit", "chat"),
        (.event, "/chat", "edits", "rest"), (.event, "/", "edit", "rest"), (.message, "/chat", nil, "rest"),
        (.disconnected, "/any", nil, "left"), (.refresh, "/", nil, nil), (.roomOccupied, "/chat", nil, nil),
    ]

    @Test(arguments: examples)
    func `the first route that matches is found`(type: EventType, namespace: String, event: String?, route: String?) {
        #expect(Self.table.match(type: type, namespace: namespace, event: event) == route)
        guard let event else { return }
        let found = Array(event.utf8).withUnsafeBytes { Self.table.match(type: type, namespace: namespace, event: $0) }
        #expect(found == route)
    }

    @Test func `an empty table matches nothing`() {
        #expect(RouteTable<Int>([]).match(type: .event, namespace: "/", event: "e") == nil)
    }

    @Test func `exact names are compared by their bytes`() {
        let table = RouteTable([(RouteMatch(events: ["\u{E9}"]), 1), (RouteMatch(events: ["e\u{301}"]), 2)])
        #expect(table.match(type: .event, namespace: "/", event: "\u{E9}") == 1)
        #expect(table.match(type: .event, namespace: "/", event: "e\u{301}") == 2)
    }

    @Test func `the explanation has a line for every route`() {
        let lines = Self.table.explain(type: .event, namespace: "/", event: "join")
        #expect(lines.map(\.index) == Array(0..<9))
        #expect(lines.map(\.mismatch) == [.type, .namespace, .namespace, .event, .namespace, .type, .event, nil, nil])
        let message = Self.table.explain(type: .message, namespace: "/chat", event: nil)
        #expect(
            message.map(\.mismatch) == [
                .type, .eventWithoutName, .eventWithoutName, .eventWithoutName, .eventWithoutName, .type,
                .eventWithoutName, nil, .eventWithoutName,
            ])
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `random tables agree with asking every route in order`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let names = ["a", "b", "ab", "a*", "*b", "*"]
        func some(_ choices: [String]) -> [String]? {
            guard Int.random(in: 0..<3, using: &random) > 0 else { return nil }
            return (0..<Int.random(in: 1...3, using: &random)).map { _ in choices.randomElement(using: &random) ?? "a" }
        }
        for _ in 0..<200 {
            let matches = (0..<Int.random(in: 0..<12, using: &random)).map { _ in
                let types: Set<EventType>? = Int.random(in: 0..<4, using: &random) == 0 ? [.event, .connect] : nil
                return RouteMatch(types: types, namespaces: some(["/a", "/*", "/b"]), events: some(names))
            }
            let table = RouteTable(matches.enumerated().map { ($1, $0) })
            for type in [EventType.event, .message, .connect] {
                for namespace in ["/a", "/b", "/c"] {
                    for event in ["a", "b", "ab", "ba", nil] where (event == nil) == (type != .event) {
                        let expected = matches.firstIndex {
                            $0.mismatch(type: type, namespace: namespace, event: event) == nil
                        }
                        #expect(table.match(type: type, namespace: namespace, event: event) == expected)
                    }
                }
            }
        }
    }
}
