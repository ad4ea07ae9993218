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

    /// An action whose target the path names, everywhere.
    private func forUser(
        _ request: AdminRequest, _ body: JSONNode?, verb: String, keys: [String]
    ) async throws(AdminProblem) -> HTTPResponse {
        let user = request.parameters[0]
        if let problem = NameRules.problem(with: user) { throw AdminProblem(400, "the name of a user \(problem)") }
        let namespaces = try self.namespaces(request)
        let unknown = (body?.members ?? []).filter { !keys.contains($0.key) }
        var errors = unknown.prefix(10).map { member in
            AdminProblem.Detail(
                pointer: "/\(JSONPointer.escape(String(member.key.prefix(80))))",
                detail: "unknown key (known: \(keys.joined(separator: ", ")))")
        }
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
