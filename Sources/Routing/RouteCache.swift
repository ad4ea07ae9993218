/// Remembers which route was found for an event, for tables with many wildcards.
///
/// Confined to a loop.
///
/// Clients choose the names, so it holds a limited number of them and starts anew when it is full; long names are not
/// kept. The worst that a client can do is to make it useless.
package struct RouteCache<Payload: Sendable> {
    /// Entries, of about 100 bytes each.
    package static var maxEntries: Int { 1_024 }
    /// Bytes of an event name and its namespace.
    package static var maxNameBytes: Int { 256 }

    private struct Key: Hashable {
        var type: Int
        var namespace: String
        var event: String?
    }

    private let table: RouteTable<Payload>
    private var known: [Key: Int?] = [:]

    package init(_ table: RouteTable<Payload>) {
        self.table = table
    }

    package var count: Int { known.count }

    /// As ``RouteTable/match(type:namespace:event:)``.
    package mutating func match(type: EventType, namespace: String, event: String? = nil) -> Payload? {
        // Strings compare by meaning, patterns by bytes: names outside ASCII could be taken for each other.
        guard namespace.utf8.count + (event?.utf8.count ?? 0) <= Self.maxNameBytes,
            namespace.utf8.allSatisfy({ $0 < 0x80 }), event?.utf8.allSatisfy({ $0 < 0x80 }) ?? true
        else { return table.match(type: type, namespace: namespace, event: event) }
        let key = Key(type: type.ordinal, namespace: namespace, event: event)
        if let number = known[key] { return number.map { table[$0] } }
        let number = table.number(type: type, namespace: namespace, event: event)
        if known.count >= Self.maxEntries { known.removeAll(keepingCapacity: true) }
        known[key] = .some(number)
        return number.map { table[$0] }
    }
}
