import Foundation

@testable import Outbox

extension NewEvent {
    /// An event whose body tells its number, and is so long.
    static func sample(
        _ number: Int, lane: String = "socket:S", handler: String = "app", route: String = "put", length: Int = 40
    ) -> NewEvent {
        NewEvent(
            id: "evt_\(number)", handler: handler, route: route, lane: lane, type: "socket.event", socket: "S",
            namespace: "/", accepted: 1_000 + Int64(number), head: Array("{\"n\":\(number),\"delivery\":".utf8),
            tail: Array(",\"x\":\"".utf8) + [UInt8](repeating: UInt8(ascii: "a"), count: length) + Array("\"}".utf8))
    }
}

extension StoredEvent {
    static func sample(
        _ position: Int64, lane: String = "socket:S", route: String = "put", length: Int = 40
    ) -> StoredEvent {
        StoredEvent(
            event: .sample(Int(position), lane: lane, route: route, length: length), position: position, sequence: 1,
            since: 0)
    }
}

/// A directory of a test's own, gone with it.
final class Scratch {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appendingPathComponent("outbox-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    var path: String { url.appendingPathComponent("outbox.db").path }

    func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: url.path).sorted() }
}

extension SQLiteEventStore {
    /// Stores events in one transaction.
    @discardableResult
    func store(_ events: [NewEvent]) throws -> [StoredEvent] {
        try begin()
        let stored = try events.map { try append($0) }
        try commit()
        return stored
    }

    /// The numbers of all undelivered events of a handler, read in pieces.
    func ids(_ handler: String = "app", lane: String? = nil) throws -> [String] {
        var ids: [String] = []
        var position: Int64 = 0
        while true {
            let loaded = try load(handler: handler, lane: lane, after: position, limit: 3, bytes: 1 << 20)
            ids += loaded.events.map(\.event.id)
            guard !loaded.isEnd else { return ids }
            position = max(loaded.events.last?.position ?? 0, loaded.damaged.last ?? 0)
        }
    }
}
