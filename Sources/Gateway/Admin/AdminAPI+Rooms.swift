import Bus
import JSONScanner
import Routing

extension AdminAPI {
    /// Answers `GET /v1/rooms`.
    func listRooms(_ request: AdminRequest) async throws(AdminProblem) -> HTTPResponse {
        let namespace = try self.namespace(request)
        let cursor = try PageCursor.of(request)
        let limit = try request.pageLimit()
        var found: [RoomSummary] = []
        for shard in self.core.shards {
            found += try await self.ask(shard) { Self.rooms(on: $0, namespace, after: cursor, count: limit + 1) }
        }
        let merged = RoomSummary.merge(found)
        let page = merged.prefix(limit)
        return Self.json { writer in
            writer.member("namespace", namespace.name)
            writer.key("rooms")
            writer.beginArray()
            for room in page {
                writer.beginObject()
                writer.member("name", room.name)
                writer.member("sockets", room.sockets)
                writer.endObject()
            }
            writer.endArray()
            if merged.count > limit, let last = page.last { writer.member("cursor", PageCursor.encode(last.name)) }
        }
    }

    /// The first rooms of a shard behind a name, by name.
    private static func rooms(
        on shard: Shard, _ namespace: Namespace, after cursor: String?, count: Int
    ) -> [RoomSummary] {
        guard let local = shard.localNamespace(namespace) else { return [] }
        return local.membership.roomSummaries
            .filter { cursor?.precedesByBytes($0.name) ?? true }
            .first(count) { $0.name.precedesByBytes($1.name) }
            .map { RoomSummary(name: $0.name, sockets: $0.count) }
    }

    /// Answers `GET /v1/rooms/{room}`.
    func showRoom(_ request: AdminRequest) async throws(AdminProblem) -> HTTPResponse {
        let room = request.parameters[0]
        let namespace = try self.namespace(request)
        let cursor = try PageCursor.of(request)
        let limit = try request.pageLimit()
        var count = 0
        var members: [String] = []
        for shard in self.core.shards {
            let found = try await self.ask(shard) { shard -> (total: Int, ids: [String]) in
                guard let local = shard.localNamespace(namespace) else { return (0, []) }
                let all = local.membership.members(inRoom: room)
                let ids = all.compactMap { local.membership.socketID(of: $0) }
                    .filter { cursor?.precedesByBytes($0) ?? true }
                return (all.count, ids.first(limit + 1) { $0.precedesByBytes($1) })
            }
            count += found.total
            members += found.ids
        }
        guard count > 0 else { throw AdminProblem(404, "nobody is in a room of that name") }
        members.sort { $0.precedesByBytes($1) }
        let page = members.prefix(limit)
        return Self.json { writer in
            writer.member("namespace", namespace.name)
            writer.member("name", room)
            writer.member("sockets", count)
            writer.key("members")
            writer.beginArray()
            for id in page { writer.value(id) }
            writer.endArray()
            if members.count > limit, let last = page.last { writer.member("cursor", PageCursor.encode(last)) }
        }
    }

    /// Answers `PUT` and `DELETE /v1/rooms/{room}/members/{id}`.
    func changeMembership(_ request: AdminRequest, joins: Bool) async throws(AdminProblem) -> HTTPResponse {
        let (room, id) = (request.parameters[0], request.parameters[1])
        if let problem = NameRules.problem(with: room) { throw AdminProblem(400, "the name of a room \(problem)") }
        let namespace = try self.namespace(request).name
        let isFull = try await self.find(id) { socket -> Bool? in
            let local = socket.namespace
            guard local.namespace.name.isExactly(namespace) else { return nil }
            return local.membership.roomCount(of: socket.slot) >= local.shard.limits.maxRoomsPerSocket
                && !local.membership.contains(socket.slot, room: room)
        }
        guard let isFull else { throw .noSuchSocket }
        if joins, isFull {
            throw AdminProblem(409, "the socket is in as many rooms as it may be (limits.maxRoomsPerSocket)")
        }
        let recipient = Recipient.target(.socket(id), namespace: namespace)
        let action = joins ? Action.join(rooms: [room], recipient) : .leave(rooms: [room], recipient)
        guard try await self.publish([action])[0].recipients > 0 else { throw .noSuchSocket }
        return HTTPResponse(204)
    }
}
