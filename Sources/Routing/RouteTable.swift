/// Finds the first route, in the order of the file, that is for an event.
///
/// Routes with exact event names are found by the name; the others are asked in order. What is looked at grows with
/// the routes before the match that have wildcards, not with all routes.
package struct RouteTable<Payload: Sendable>: Sendable {
    private struct Index {
        /// Event name → routes that name it exactly, in order.
        var exact: [String: [Int]] = [:]
        /// Routes that have to be asked for every event, in order.
        var open: [Int] = []
    }

    private let routes: [(match: RouteMatch, payload: Payload)]
    /// By ``EventType/ordinal``.
    private let index: [Index]

    package init(_ routes: [(RouteMatch, Payload)]) {
        self.routes = routes.map { (match: $0.0, payload: $0.1) }
        var index = Array(repeating: Index(), count: EventType.allCases.count)
        for (number, route) in self.routes.enumerated() {
            for type in route.match.possibleTypes {
                if let events = route.match.events, events.allSatisfy(\.isExact) {
                    for name in Set(events.map(\.text)) {
                        index[type.ordinal].exact[name, default: []].append(number)
                    }
                } else {
                    index[type.ordinal].open.append(number)
                }
            }
        }
        self.index = index
    }

    package var count: Int { routes.count }

    /// What belongs to the first route that matches.
    ///
    /// `event` is the decoded name, nil for events without one.
    package func match(type: EventType, namespace: String, event: String? = nil) -> Payload? {
        number(type: type, namespace: namespace, event: event).map { routes[$0].payload }
    }

    /// The same for a name that is still in the buffer: UTF-8 without JSON escapes.
    package func match(type: EventType, namespace: String, event: UnsafeRawBufferPointer) -> Payload? {
        match(type: type, namespace: namespace, event: String(decoding: event, as: UTF8.self))
    }

    /// The position in the file of the first route that matches.
    package func number(type: EventType, namespace: String, event: String?) -> Int? {
        let index = index[type.ordinal]
        let named = event.flatMap { index.exact[$0] } ?? []
        var nextNamed = 0
        var nextOpen = 0
        while nextNamed < named.count || nextOpen < index.open.count {
            let number: Int
            if nextOpen == index.open.count || (nextNamed < named.count && named[nextNamed] < index.open[nextOpen]) {
                number = named[nextNamed]
                nextNamed += 1
            } else {
                number = index.open[nextOpen]
                nextOpen += 1
            }
            if routes[number].match.mismatch(namespace: namespace, event: event) == nil { return number }
        }
        return nil
    }

    package subscript(number: Int) -> Payload { routes[number].payload }

    /// Every route with the reason why it is not for this event; nil for those that match.
    ///
    /// The first of these is used.
    package func explain(
        type: EventType, namespace: String, event: String?
    ) -> [(index: Int, mismatch: RouteMatch.Mismatch?)] {
        routes.indices.map { ($0, routes[$0].match.mismatch(type: type, namespace: namespace, event: event)) }
    }
}
