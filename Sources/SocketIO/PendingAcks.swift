/// The requests of the server that one client has still to acknowledge, in one namespace.
///
/// Decides, never acts. Ids count up per namespace connection from 0, as the protocol wants. Bounded: a client that
/// never answers costs no more than `limit` entries, and they end at their deadlines.
package struct PendingAcks<Request: Sendable>: Sendable {
    private struct Entry: Sendable {
        var request: Request
        var deadline: ContinuousClock.Instant
    }

    private let limit: Int
    private var entries: [UInt64: Entry] = [:]
    private var nextID: UInt64 = 0
    /// Not after the earliest deadline; may lie before it when the request that had it has been answered.
    package private(set) var nextDeadline: ContinuousClock.Instant?

    package init(limit: Int) {
        self.limit = limit
    }

    package var count: Int { entries.count }

    /// The id to send the request with; nil when too many are open.
    package mutating func add(_ request: Request, deadline: ContinuousClock.Instant) -> UInt64? {
        guard entries.count < limit else { return nil }
        let id = nextID
        nextID += 1
        entries[id] = Entry(request: request, deadline: deadline)
        nextDeadline = nextDeadline.map { min($0, deadline) } ?? deadline
        return id
    }

    /// The request that a client's ack answers; nil, and nothing happens, when there is none of that id.
    package mutating func receive(_ id: UInt64) -> Request? {
        guard let request = entries.removeValue(forKey: id)?.request else { return nil }
        if entries.isEmpty { nextDeadline = nil }
        return request
    }

    /// The requests whose time is over, in the order in which they were made.
    package mutating func expire(now: ContinuousClock.Instant) -> [Request] {
        guard let nextDeadline, nextDeadline <= now else { return [] }
        let expired = entries.filter { $0.value.deadline <= now }.sorted { $0.key < $1.key }
        for (id, _) in expired { entries[id] = nil }
        self.nextDeadline = entries.values.map(\.deadline).min()
        return expired.map(\.value.request)
    }

    /// The client has gone: all open requests, in the order in which they were made.
    package mutating func removeAll() -> [Request] {
        let requests = entries.sorted { $0.key < $1.key }.map(\.value.request)
        entries = [:]
        nextDeadline = nil
        return requests
    }
}
