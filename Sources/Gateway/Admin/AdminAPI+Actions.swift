import Configuration
import Foundation
import JSONScanner
import NIOCore
import Routing

extension AdminAPI {
    /// Answers `POST /v1/emit`.
    func emit(_ request: AdminRequest) async throws(AdminProblem) -> HTTPResponse {
        let emit = try AdminActions.emit(try request.object(), idempotencyKey: request.idempotencyKey)
        let action = Action.emit(emit)
        if let detail = self.missingNamespace(of: action, pointer: "") { throw Self.unknownNamespace([detail]) }
        let result = try await self.publish([action])[0]
        return Self.json { result.write(into: &$0) }
    }

    /// Answers `POST /v1/actions`.
    func actions(_ request: AdminRequest) async throws(AdminProblem) -> HTTPResponse {
        let body = try request.json()
        let actions = try AdminActions.list(body, key: "actions", idempotencyKey: request.idempotencyKey)
        let place = body.kind == .array ? "" : "/actions"
        let missing = actions.enumerated().compactMap {
            self.missingNamespace(of: $0.element, pointer: "\(place)/\($0.offset)")
        }
        guard missing.isEmpty else { throw Self.unknownNamespace(missing) }
        let results = try await self.publish(actions)
        return Self.json { writer in
            writer.key("results")
            writer.beginArray()
            for result in results {
                writer.beginObject()
                result.write(into: &writer)
                writer.endObject()
            }
            writer.endArray()
        }
    }

    /// Answers `POST /v1/batch`.
    func batch(_ request: AdminRequest) async throws(AdminProblem) -> HTTPResponse {
        let body = try request.json()
        let place = body.kind == .array ? "" : "/batch"
        let read = try AdminActions.batch(body, key: "batch", idempotencyKey: request.idempotencyKey)
        let items = read.enumerated().map { index, item in
            item.flatMap { action -> Result<Action, AdminProblem> in
                guard let detail = self.missingNamespace(of: action, pointer: "\(place)/\(index)") else { return item }
                return .failure(Self.unknownNamespace([detail]))
            }
        }
        let results = try await self.publish(items.compactMap { try? $0.get() })
        var next = results.makeIterator()
        return Self.json { writer in
            writer.key("results")
            writer.beginArray()
            for item in items {
                switch item {
                case .success:
                    writer.beginObject()
                    writer.member("status", 200)
                    next.next()?.write(into: &writer)
                    writer.endObject()
                case .failure(let problem):
                    writer.raw(problem.json)
                }
            }
            writer.endArray()
        }
    }

    /// Answers `POST /v1/request`.
    func request(_ request: AdminRequest) async throws(AdminProblem) -> HTTPResponse {
        let body = try request.object()
        var errors: [AdminProblem.Detail] = []
        let options = RequestOptions(body, &errors)
        let emit = try AdminActions.emit(
            body, idempotencyKey: request.idempotencyKey, besides: RequestOptions.keys, errors)
        if let detail = self.missingNamespace(of: .emit(emit), pointer: "") { throw Self.unknownNamespace([detail]) }
        try self.admitPublication()
        let loop = self.core.shards[0].loop
        let promise = loop.makePromise(of: AckCollector.Result.self)
        self.core.actions.request(emit, first: options.first, timeout: options.timeout, on: loop) {
            promise.succeed($0)
        }
        let result: AckCollector.Result
        do {
            result = try await promise.futureResult.get()
        } catch {
            throw AdminProblem(503, "the gateway is stopping")
        }
        return Self.json { Self.write(result, into: &$0) }
    }

    private static func write(_ result: AckCollector.Result, into writer: inout JSONWriter) {
        writer.key("responses")
        writer.beginArray()
        for response in result.responses {
            writer.beginObject()
            writer.member("socket", response.socketID)
            writer.member("args", raw: [UInt8(ascii: "[")] + response.arguments + [UInt8(ascii: "]")])
            if !response.attachments.isEmpty {
                writer.key("attachments")
                writer.beginArray()
                for attachment in response.attachments {
                    writer.value(Data(attachment.readableBytesView).base64EncodedString())
                }
                writer.endArray()
            }
            writer.endObject()
        }
        writer.endArray()
        writer.key("missing")
        writer.beginArray()
        for socketID in result.missing { writer.value(socketID) }
        writer.endArray()
    }

    // MARK: - Publishing

    /// Refuses to take more while some shard is behind with deliveries: they would only pile up.
    private func admitPublication() throws(AdminProblem) {
        guard let shard = self.core.shards.first(where: { $0.inbox.isBehind }) else { return }
        shard.execute { $0.counters.publicationsRefused &+= 1 }
        throw AdminProblem(
            429, "receivers get less than is published; nothing was done", headers: [("retry-after", "1")])
    }

    /// What became of an action.
    struct Published: Sendable {
        /// Its place in the order of its namespace; nil when nothing was published.
        var offset: UInt64?
        /// How many sockets it reached.
        var recipients: Int
        /// An emit with the same id was published within the last five minutes.
        var isRepeat = false

        func write(into writer: inout JSONWriter) {
            writer.key("offset")
            if let offset { writer.value(Int(clamping: offset)) } else { writer.null() }
            writer.member("recipients", self.recipients)
            if self.isRepeat { writer.member("repeated", true) }
        }
    }

    /// Publishes actions in order, and waits until all shards have said how many sockets each reached.
    func publish(_ actions: [Action]) async throws(AdminProblem) -> [Published] {
        try self.admitPublication()
        var pending: [(Published, EventLoopFuture<Int>)] = []
        for action in actions {
            let existed = self.core.namespaces.existing(action.recipient?.namespace ?? "/") != nil
            let count = self.core.shards[0].loop.makePromise(of: Int.self)
            let offset = self.core.actions.publish(action, own: nil, selfID: nil) { shards in
                RecipientCount(shards: shards) { count.succeed($0) }
            }
            // Actions that name no recipients are refused by the parser.
            if action.recipient == nil { count.succeed(0) }
            let result = Published(offset: offset, recipients: 0, isRepeat: offset == nil && existed)
            pending.append((result, count.futureResult))
        }
        var results: [Published] = []
        for (result, count) in pending {
            var result = result
            do {
                result.recipients = try await count.get()
            } catch {
                throw AdminProblem(503, "the gateway is stopping")
            }
            results.append(result)
        }
        return results
    }

    /// A namespace that no endpoint has is a mistake; one that a pattern allows and nobody has opened has nobody in it.
    private func missingNamespace(of action: Action, pointer: String) -> AdminProblem.Detail? {
        let name = action.recipient?.namespace ?? "/"
        guard self.core.namespaces.existing(name) == nil, !self.core.configuration.allows(namespace: name) else {
            return nil
        }
        let key =
            switch action {
            case .emit, .send: "to"
            default: "target"
            }
        return .init(pointer: "\(pointer)/\(key)/namespace", detail: "no endpoint has the namespace \"\(name)\"")
    }

    private static func unknownNamespace(_ errors: [AdminProblem.Detail]) -> AdminProblem {
        AdminProblem(422, "the namespace does not exist; nothing was done", errors: errors)
    }
}

extension GatewayConfiguration {
    /// Whether clients may enter a namespace of that name.
    fileprivate func allows(namespace name: String) -> Bool {
        self.endpoints.contains { endpoint in
            endpoint.namespaces.contains { rule in
                switch rule.names {
                case .name(let own): own.isExactly(name)
                case .pattern(_, let pattern): pattern.match(name) != nil
                }
            }
        }
    }
}
