import Bus
import JSONScanner
import Routing

extension AdminAPI {
    /// Answers `POST /v1/users/{user}/disconnect`: in all namespaces, or the one that the query names.
    func disconnectUser(_ request: AdminRequest) async throws(AdminProblem) -> HTTPResponse {
        let body = request.hasBody ? try request.object() : nil
        return try await self.forUser(request, body, verb: "disconnect", keys: ["close", "reason"])
    }

    /// Answers `POST /v1/users/{user}/state`.
    func changeUserState(_ request: AdminRequest) async throws(AdminProblem) -> HTTPResponse {
        try await self.forUser(request, try request.object(), verb: "state", keys: ["set", "unset"])
    }

    /// Answers `POST /v1/users/{user}/refresh`.
    func refreshUser(_ request: AdminRequest) async throws(AdminProblem) -> HTTPResponse {
        let user = try Self.user(of: request)
        let namespaces = try self.namespaces(request)
        let body = try request.object()
        let errors = Self.unknown(body, keys: ["expiresAt", "ttl"])
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("do", "refresh")
        for member in body.members { writer.member(member.key, raw: member.value.raw) }
        writer.endObject()
        // There is no socket that acts, but the action is read as if there were one.
        let parsed = ActionParser.parse(
            action: try AdminActions.document(writer.bytes), pointer: "", selfSocketID: user)
        switch parsed {
        case .success(.refresh(let expiresAt, let ttl)) where errors.isEmpty:
            guard let end = AuthorizationEnd(expiresAt: expiresAt, ttlSeconds: ttl) else { break }
            let counts = namespaces.map { namespace in
                let count = self.core.shards[0].loop.makePromise(of: Int.self)
                self.core.actions.refresh(user: user, in: namespace, until: end) { shards in
                    RecipientCount(shards: shards) { count.succeed($0) }
                }
                return count.futureResult
            }
            var reached = 0
            for count in counts {
                do { reached += try await count.get() } catch { throw AdminProblem(503, "the gateway is stopping") }
            }
            return Self.json { $0.member("sockets", reached) }
        case .failure(let found) where errors.isEmpty:
            throw AdminProblem(errors: found.all.map { .init(pointer: $0.pointer, detail: $0.message) })
        default:
            break
        }
        throw AdminProblem(errors: errors)
    }

    private static func user(of request: AdminRequest) throws(AdminProblem) -> String {
        let user = request.parameters[0]
        if let problem = NameRules.problem(with: user) { throw AdminProblem(400, "the name of a user \(problem)") }
        return user
    }

    private static func unknown(_ body: JSONNode?, keys: [String]) -> [AdminProblem.Detail] {
        (body?.members ?? []).filter { !keys.contains($0.key) }.prefix(10).map { member in
            AdminProblem.Detail(
                pointer: "/\(JSONPointer.escape(String(member.key.prefix(80))))",
                detail: "unknown key (known: \(keys.joined(separator: ", ")))")
        }
    }

    /// An action whose target the path names, everywhere.
    private func forUser(
        _ request: AdminRequest, _ body: JSONNode?, verb: String, keys: [String]
    ) async throws(AdminProblem) -> HTTPResponse {
        let user = try Self.user(of: request)
        let namespaces = try self.namespaces(request)
        var errors = Self.unknown(body, keys: keys)
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("do", verb)
        writer.key("target")
        writer.beginObject()
        writer.key("users")
        writer.beginArray()
        writer.value(user)
        writer.endArray()
        writer.endObject()
        for member in body?.members ?? [] where keys.contains(member.key) {
            writer.member(member.key, raw: member.value.raw)
        }
        writer.endObject()
        let document = try AdminActions.document(writer.bytes)
        switch ActionParser.parse(action: document, pointer: "", selfSocketID: nil) {
        case .success(let action) where errors.isEmpty:
            let actions = namespaces.map { action.in(namespace: $0.name) }
            let reached = try await self.publish(actions).reduce(0) { $0 + $1.recipients }
            return Self.json { $0.member("sockets", reached) }
        case .failure(let found):
            errors += found.all.map { .init(pointer: $0.pointer, detail: $0.message) }
        default:
            break
        }
        throw AdminProblem(errors: errors)
    }
}

extension Action {
    /// The same in a namespace of that name.
    fileprivate func `in`(namespace: String) -> Action {
        switch self {
        case .disconnect(.target(let target, _), let close, let reason):
            .disconnect(.target(target, namespace: namespace), close: close, reason: reason)
        case .state(let set, let unset, .target(let target, _)):
            .state(set: set, unset: unset, .target(target, namespace: namespace))
        default:
            self
        }
    }
}
