import Configuration
import JSONScanner
import NIOCore

/// Carries out what the admin listener is asked for.
///
/// Runs in tasks, never on an event loop.
struct AdminAPI: Sendable {
    let core: GatewayCore

    func answer(_ request: AdminRequest) async -> HTTPResponse {
        do throws(AdminProblem) {
            try request.checkQuery()
            let response = try await self.carryOut(request)
            // Said to have been done, it would be missed by clients that the checkpoint brings back.
            guard request.route.method == .get || !self.core.isConcluded else {
                throw AdminProblem(503, "the gateway is stopping")
            }
            return response
        } catch {
            return error.response
        }
    }

    private func carryOut(_ request: AdminRequest) async throws(AdminProblem) -> HTTPResponse {
        switch request.route.operation {
        case .live, .ready, .started: throw .noSuchPath
        case .metrics: return try await self.metrics()
        case .configurationSchema: return HTTPResponse(200, json: Array(Options.schema().utf8))
        case .openAPI: return HTTPResponse(200, json: OpenAPIDocument.json(version: self.core.version))
        case .emit: return try await self.emit(request)
        case .request: return try await self.request(request)
        case .actions: return try await self.actions(request)
        case .batch: return try await self.batch(request)
        case .listSockets: return try await self.listSockets(request)
        case .showSocket: return try await self.showSocket(request)
        case .disconnectSocket: return try await self.disconnectSocket(request)
        case .listRooms: return try await self.listRooms(request)
        case .showRoom: return try await self.showRoom(request)
        case .addMember: return try await self.changeMembership(request, joins: true)
        case .removeMember: return try await self.changeMembership(request, joins: false)
        case .disconnectUser: return try await self.disconnectUser(request)
        case .changeUserState: return try await self.changeUserState(request)
        case .refreshUser: return try await self.refreshUser(request)
        case .showLog: return try await self.showLog(request)
        case .nodes: return try await self.nodes()
        case .configuration: return HTTPResponse(200, json: Array(self.core.configuration.show().utf8))
        case .handlers: return self.handlers()
        case .reload: return try await self.reload()
        case .showDrain: return try await self.drainStatus()
        case .drain: return try await self.startDrain()
        case .takeBackDrain: return try await self.takeBackDrain()
        case .showOutbox: return try self.showOutbox()
        case .listDeadLetters: return try await self.listDeadLetters(request)
        case .showDeadLetter: return try await self.showDeadLetter(request)
        case .replayDeadLetter: return try await self.replayDeadLetter(request)
        case .replayDeadLetters: return try await self.replayDeadLetters(request)
        case .dropDeadLetter: return try await self.dropDeadLetter(request)
        case .dropDeadLetters: return try await self.dropDeadLetters(request)
        }
    }

    // MARK: - For all parts of the API

    /// Runs `body` on a shard's loop and waits for its result.
    func ask<Result: Sendable>(
        _ shard: ShardHandle, _ body: @escaping @Sendable (Shard) -> Result
    ) async throws(AdminProblem) -> Result {
        do {
            return try await shard.submit(body)
        } catch {
            throw AdminProblem(503, "the gateway is stopping")
        }
    }

    /// The namespace of the query, `/` unless it names one.
    ///
    /// A pattern's namespace that nobody has opened has nobody in it.
    func namespace(_ request: AdminRequest) throws(AdminProblem) -> Namespace {
        let name = try request.value("namespace") ?? "/"
        guard let namespace = self.core.namespaces.existing(name) else {
            throw AdminProblem(404, "there is no namespace \"\(name.prefix(80))\"")
        }
        return namespace
    }

    /// The namespace of the query, or all of them, by name.
    func namespaces(_ request: AdminRequest) throws(AdminProblem) -> [Namespace] {
        guard try request.value("namespace") != nil else { return self.core.namespaces.all }
        return [try self.namespace(request)]
    }

    static func json(_ status: Int = 200, _ body: (inout JSONWriter) -> Void) -> HTTPResponse {
        var writer = JSONWriter()
        writer.beginObject()
        body(&writer)
        writer.endObject()
        return HTTPResponse(status, json: writer.bytes)
    }
}
