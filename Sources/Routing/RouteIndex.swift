/// The order of routes, and where to look in it: the part of ``RouteTable`` that does not know what routes lead to.
struct RouteIndex: Sendable {
    private struct Entries {
        /// Event name → routes that name it exactly, in order.
        var exact: [String: [Int]] = [:]
        /// Routes that have to be asked for every event, in order.
        var open: [Int] = []
    }

    let matches: [RouteMatch]
    /// By ``EventType/ordinal``.
    private let byType: [Entries]

    init(_ matches: [RouteMatch]) {
        self.matches = matches
        var byType = Array(repeating: Entries(), count: EventType.allCases.count)
        for (number, match) in matches.enumerated() {
            for type in match.possibleTypes {
                if let events = match.events, events.allSatisfy(\.isExact) {
                    for name in Set(events.map(\.text)) {
                        byType[type.ordinal].exact[name, default: []].append(number)
                    }
                } else {
                    byType[type.ordinal].open.append(number)
                }
            }
        }
        self.byType = byType
    }

    /// The position of the first route that matches.
    func first(type: EventType, namespace: String, event: String?) -> Int? {
        let entries = byType[type.ordinal]
        let named = event.flatMap { entries.exact[$0] } ?? []
        var nextNamed = 0
        var nextOpen = 0
        while nextNamed < named.count || nextOpen < entries.open.count {
            let isNamed =
                nextOpen == entries.open.count
                || (nextNamed < named.count && named[nextNamed] < entries.open[nextOpen])
            let number = isNamed ? named[nextNamed] : entries.open[nextOpen]
            if isNamed { nextNamed += 1 } else { nextOpen += 1 }
            // Strings compare by meaning and patterns by bytes: the name found by the dictionary is asked again.
            if matches[number].mismatch(namespace: namespace, event: event) == nil { return number }
        }
        return nil
    }
}
