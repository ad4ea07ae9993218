import JSONScanner
import Routing

/// Reads actions from the bodies of requests: everything that is wrong at once, each with its JSON pointer.
enum AdminActions {
    static let maxBatch = 1_000

    /// The one emit of `POST /v1/emit`, whose `do` may be left out.
    ///
    /// `own`: keys of the body that are no part of it.
    static func emit(
        _ object: JSONNode, idempotencyKey: String?, besides own: [String] = [], _ errors: [AdminProblem.Detail] = []
    ) throws(AdminProblem) -> Emit {
        var errors = errors
        if let verb = object["do"], verb.string != "emit" {
            errors.append(.init(pointer: "/do", detail: "can only be \"emit\" here"))
        }
        for key in ["event", "to"] where object[key] == nil {
            errors.append(.init(pointer: "/\(key)", detail: "\"\(key)\" is missing"))
        }
        var writer = JSONWriter(reservingCapacity: object.range.count + 16)
        writer.beginObject()
        writer.member("do", "emit")
        for member in object.members where member.key != "do" && !own.contains(member.key) {
            writer.member(member.key, raw: member.value.raw)
        }
        writer.endObject()
        switch ActionParser.parse(action: try self.document(writer.bytes), pointer: "", selfSocketID: nil) {
        case .success(.emit(var emit)) where errors.isEmpty:
            let key = try self.checked(idempotencyKey)
            emit.id = emit.id ?? key
            return emit
        case .failure(let found):
            // Those of the whole object are about keys that it lacks: they were named above.
            errors += found.all.filter { !$0.pointer.isEmpty }.map { .init(pointer: $0.pointer, detail: $0.message) }
        default:
            break
        }
        throw AdminProblem(errors: errors)
    }

    /// The actions of a body that is a list, or an object with the list under `key`; all of them are valid.
    static func list(_ body: JSONNode, key: String, idempotencyKey: String?) throws(AdminProblem) -> [Action] {
        let (list, pointer) = try self.listNode(body, key: key)
        switch ActionParser.parse(list, pointer: pointer, selfSocketID: nil) {
        case .success(let actions): return try self.withIDs(actions, idempotencyKey)
        case .failure(let found): throw AdminProblem(found)
        }
    }

    /// As ``list(_:key:idempotencyKey:)``, each for itself.
    static func batch(
        _ body: JSONNode, key: String, idempotencyKey: String?
    ) throws(AdminProblem) -> [Result<Action, AdminProblem>] {
        let (list, pointer) = try self.listNode(body, key: key)
        guard list.count <= self.maxBatch else {
            let detail = "has \(list.count) actions, at most \(self.maxBatch) are allowed"
            throw AdminProblem(errors: [.init(pointer: pointer, detail: detail)])
        }
        let idempotencyKey = try self.checked(idempotencyKey)
        return list.elements.enumerated().map { index, node in
            switch ActionParser.parse(action: node, pointer: "\(pointer)/\(index)", selfSocketID: nil) {
            case .success(let action): .success(self.withID(action, idempotencyKey, index))
            case .failure(let found): .failure(AdminProblem(found))
            }
        }
    }

    private static func listNode(_ body: JSONNode, key: String) throws(AdminProblem) -> (JSONNode, pointer: String) {
        var list = body
        var pointer = ""
        if body.kind == .object {
            let unknown = body.members.filter { $0.key != key }
            guard unknown.isEmpty, let node = body[key] else {
                let errors = unknown.prefix(10).map {
                    AdminProblem.Detail(
                        pointer: "/\(JSONPointer.escape(String($0.key.prefix(80))))",
                        detail: "unknown key (known: \(key))")
                }
                let missing = AdminProblem.Detail(pointer: "/\(key)", detail: "\"\(key)\" is missing")
                throw AdminProblem(errors: body[key] == nil ? errors + [missing] : errors)
            }
            list = node
            pointer = "/\(key)"
        }
        guard list.kind == .array, list.count > 0 else {
            throw AdminProblem(errors: [.init(pointer: pointer, detail: "must be a list of at least one action")])
        }
        return (list, pointer)
    }

    // MARK: - What is done once

    private static func checked(_ key: String?) throws(AdminProblem) -> String? {
        guard let key else { return nil }
        if let problem = NameRules.problem(with: key) { throw AdminProblem(400, "Idempotency-Key \(problem)") }
        return key
    }

    private static func withIDs(_ actions: [Action], _ key: String?) throws(AdminProblem) -> [Action] {
        guard let key = try self.checked(key) else { return actions }
        return actions.enumerated().map { self.withID($0.element, key, $0.offset) }
    }

    private static func withID(_ action: Action, _ key: String?, _ index: Int) -> Action {
        guard let key, case .emit(var emit) = action, emit.id == nil else { return action }
        emit.id = "\(key) \(index)"
        return .emit(emit)
    }

    /// A document that we have put together of valid parts.
    static func document(_ bytes: [UInt8]) throws(AdminProblem) -> JSONNode {
        do throws(JSONError) {
            return try JSONDocument(bytes, maxNodes: 1_000_000).root
        } catch {
            throw AdminProblem(400, "the body is not JSON: \(error.reason)")
        }
    }
}

extension AdminProblem {
    init(_ errors: ActionErrors) {
        self.init(errors: errors.all.map { Detail(pointer: $0.pointer, detail: $0.message) })
    }
}
