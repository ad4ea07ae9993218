/// Finds the first route, in the order of the file, that is for an event.
///
/// Routes with exact event names are found by the name; the others are asked in order. What is looked at grows with
/// the routes before the match that have wildcards, not with all routes.
package struct RouteTable<Payload: Sendable>: Sendable {
    private let index: RouteIndex
    private let payloads: [Payload]

    package init(_ routes: [(RouteMatch, Payload)]) {
        index = RouteIndex(routes.map(\.0))
        payloads = routes.map(\.1)
    }

    package var count: Int { payloads.count }

    /// What belongs to the first route that matches.
    ///
    /// `event` is the decoded name, nil for events without one.
    package func match(type: EventType, namespace: String, event: String? = nil) -> Payload? {
        number(type: type, namespace: namespace, event: event).map { payloads[$0] }
    }

    /// The same for a name that is still in the buffer: UTF-8 without JSON escapes.
    package func match(type: EventType, namespace: String, event: UnsafeRawBufferPointer) -> Payload? {
        match(type: type, namespace: namespace, event: String(decoding: event, as: UTF8.self))
    }

    /// The position in the file of the first route that matches.
    package func number(type: EventType, namespace: String, event: String?) -> Int? {
        index.first(type: type, namespace: namespace, event: event)
    }

    package subscript(number: Int) -> Payload { payloads[number] }

    /// Every route with the reason why it is not for this event; nil for those that match.
    ///
    /// The first that matches is used.
    package func explain(
        type: EventType, namespace: String, event: String?
    ) -> [(index: Int, mismatch: RouteMatch.Mismatch?)] {
        index.matches.enumerated().map { ($0, $1.mismatch(type: type, namespace: namespace, event: event)) }
    }
}
