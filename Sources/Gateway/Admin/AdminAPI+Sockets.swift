import Bus
import HandlerContract
import JSONScanner
import Routing

extension AdminAPI {
    /// Answers `GET /v1/sockets`.
    func listSockets(_ request: AdminRequest) async throws(AdminProblem) -> HTTPResponse {
        let text = try PageCursor.of(request)
        let start = text.flatMap(SocketCursor.init)
        if text != nil, start == nil { throw PageCursor.invalid }
        let listing = SocketListing(
            namespaces: try self.namespaces(request).sorted { $0.name.precedesByBytes($1.name) },
            room: try request.value("room"), user: try request.value("user"))
        let limit = try request.pageLimit()
        // One more than the page holds tells whether there is another one.
        var found: [(shard: Int, entry: SocketListing.Entry)] = []
        for shard in self.core.shards where shard.index >= start?.shard ?? 0 {
            let cursor = shard.index == start?.shard ? start : nil
            let missing = limit + 1 - found.count
            guard missing > 0 else { break }
            let entries = try await self.ask(shard) { listing.entries(on: $0, after: cursor, count: missing) }
            found += entries.map { (shard.index, $0) }
        }
        let page = found.prefix(limit)
        return Self.json { writer in
            writer.key("sockets")
            writer.beginArray()
            for (_, entry) in page { entry.details.write(into: &writer, isWhole: false) }
            writer.endArray()
            guard found.count > limit, let (shard, entry) = page.last else { return }
            let next = SocketCursor(shard: shard, namespace: entry.details.namespace, slot: entry.slot)
            writer.member("cursor", PageCursor.encode(next.text))
        }
    }

    /// Answers `GET /v1/sockets/{id}`.
    func showSocket(_ request: AdminRequest) async throws(AdminProblem) -> HTTPResponse {
        let details = try await self.find(request.parameters[0]) { SocketDetails(of: $0, rooms: $0.rooms) }
        var writer = JSONWriter()
        details.write(into: &writer, isWhole: true)
        return HTTPResponse(200, json: writer.bytes)
    }

    /// Answers `DELETE /v1/sockets/{id}`.
    func disconnectSocket(_ request: AdminRequest) async throws(AdminProblem) -> HTTPResponse {
        let id = request.parameters[0]
        let close = try request.flag("close")
        let namespace = try await self.find(id) { $0.namespace.namespace.name }
        let action = Action.disconnect(.target(.socket(id), namespace: namespace), close: close, reason: nil)
        guard try await self.publish([action])[0].recipients > 0 else { throw .noSuchSocket }
        return HTTPResponse(204)
    }

    /// Looks at a socket on its loop.
    ///
    /// Its id says which one that is.
    func find<Result: Sendable>(
        _ socketID: String, _ body: @escaping @Sendable (Socket) -> Result
    ) async throws(AdminProblem) -> Result {
        guard let id = SessionID(socketID: socketID) else { throw .noSuchSocket }
        let place = self.core.namespaces.places.shard(of: id, shards: self.core.shards.count)
        let found = try await self.ask(self.core.shards[place]) { shard -> Result? in
            for case let local? in shard.namespaces {
                if let socket = local.socket(id: socketID) { return body(socket) }
            }
            return nil
        }
        guard let found else { throw .noSuchSocket }
        return found
    }
}
