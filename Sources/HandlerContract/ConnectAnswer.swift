import JSONScanner
import Routing

/// What a handler answers to `socket.connect`.
package enum ConnectAnswer: Sendable {
    case accept(Acceptance)
    /// Answered with CONNECT_ERROR, after which stock clients stop for good.
    case refuse(Refusal)
    /// Not now: the CONNECT is held and the handler asked again.
    case retry

    /// What a connected socket starts with.
    package struct Acceptance: Sendable {
        package var user: String?
        /// By key, each a JSON value as it was written.
        package var state: [(key: String, json: [UInt8])]
        package var rooms: [String]
        /// Seconds since 1970 at which the authorization ends.
        package var expiresAt: Int?
        package var actions: [Action]

        package init(
            user: String? = nil, state: [(key: String, json: [UInt8])] = [], rooms: [String] = [],
            expiresAt: Int? = nil, actions: [Action] = []
        ) {
            self.user = user
            self.state = state
            self.rooms = rooms
            self.expiresAt = expiresAt
            self.actions = actions
        }
    }

    /// The payload of CONNECT_ERROR.
    package struct Refusal: Hashable, Sendable {
        package var message: String
        /// A JSON value, exactly as the handler wrote it.
        package var data: [UInt8]?

        package init(message: String = "not authorized", data: [UInt8]? = nil) {
            self.message = message
            self.data = data
        }

        /// The payload as JSON: `{"message":…,"data":…}`.
        package var json: [UInt8] {
            var writer = JSONWriter(reservingCapacity: 32 + message.utf8.count + (data?.count ?? 0))
            writer.beginObject()
            writer.member("message", message)
            if let data { writer.member("data", raw: data) }
            writer.endObject()
            return writer.bytes
        }
    }

    /// Reads the body of a 2xx response.
    ///
    /// An empty one accepts nobody: who may connect has to be said.
    package static func parse(_ body: [UInt8], selfSocketID: String) throws(ActionErrors) -> ConnectAnswer {
        guard !body.isBlank else { throw ActionErrors("is empty; it must have \"accept\"", at: 0) }
        let root = try JSONDocument.answer(body).root
        var reader = AnswerReader()
        let members = reader.object(root, "", known: acceptKeys + refuseKeys) ?? [:]
        let accept = members["accept"].map { reader.bool($0, "/accept") }
        if accept == nil, root.kind == .object { reader.report("/accept", "is missing", at: root) }
        var answer = ConnectAnswer.retry
        if let accept = accept ?? nil {
            for key in accept ? refuseKeys : acceptKeys where key != "accept" {
                // `"retry": false` says nothing that `accept` does not say.
                guard let node = members[key], node.bool != false else { continue }
                reader.report("/\(key)", "has no meaning with \"accept\": \(accept)", at: node)
            }
            answer =
                accept
                ? .accept(reader.acceptance(members, selfSocketID: selfSocketID)) : reader.refusal(members, at: root)
        }
        guard reader.errors.isEmpty else { throw ActionErrors(reader.errors) }
        return answer
    }

    private static let acceptKeys = ["accept", "user", "state", "rooms", "expiresAt", "actions"]
    private static let refuseKeys = ["error", "retry"]
}

extension AnswerReader {
    fileprivate mutating func acceptance(
        _ members: [String: JSONNode], selfSocketID: String
    ) -> ConnectAnswer.Acceptance {
        var acceptance = ConnectAnswer.Acceptance()
        if let user = members["user"] { acceptance.user = name(user, "/user") }
        if let state = members["state"] { acceptance.state = values(state, "/state") }
        if let rooms = members["rooms"] { acceptance.rooms = roomNames(rooms, "/rooms") }
        if let expiresAt = members["expiresAt"] {
            acceptance.expiresAt = expiresAt.int
            if expiresAt.int.map({ $0 < 0 }) ?? true {
                report("/expiresAt", "must be a whole number of seconds since 1970", at: expiresAt)
            }
        }
        if let actions = members["actions"] {
            switch ActionParser.parse(actions, pointer: "/actions", selfSocketID: selfSocketID) {
            case .success(let list): acceptance.actions = list
            case .failure(let problems): report(problems)
            }
        }
        return acceptance
    }

    fileprivate mutating func refusal(_ members: [String: JSONNode], at root: JSONNode) -> ConnectAnswer {
        let retry = members["retry"].map { bool($0, "/retry") ?? false } ?? false
        if retry, let error = members["error"] {
            report("/error", "has no meaning with \"retry\": true", at: error)
        }
        var refusal = ConnectAnswer.Refusal()
        if let error = members["error"], let parts = object(error, "/error", known: ["message", "data"]) {
            if let message = parts["message"] {
                refusal.message = string(message, "/error/message") ?? refusal.message
            } else {
                report("/error/message", "is missing", at: error)
            }
            refusal.data = parts["data"].map { Array($0.raw) }
        }
        return retry ? .retry : .refuse(refusal)
    }
}
