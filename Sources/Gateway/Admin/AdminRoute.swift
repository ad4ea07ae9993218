import Configuration
import HTTP1

/// What the admin listener can be asked for.
enum AdminOperation: Hashable, Sendable {
    case live, ready, started
    case metrics, configurationSchema, openAPI
    case emit, request, actions, batch
    case listSockets, showSocket, disconnectSocket
    case listRooms, showRoom, addMember, removeMember
    case disconnectUser, refreshUser, changeUserState
    case showLog
    case nodes, configuration, handlers
    case reload, showDrain, drain, takeBackDrain
    case showOutbox
    case listDeadLetters, showDeadLetter, replayDeadLetter, replayDeadLetters, dropDeadLetter, dropDeadLetters
}

/// A method and a path of the admin listener, and what they mean.
///
/// ``all`` is the whole API; the OpenAPI document is made from the same table.
struct AdminRoute: Sendable {
    enum Access: Hashable, Sendable {
        /// For probes: no key is needed.
        case open
        case scope(AdminKeyring.Scope)
    }

    enum Body: Hashable, Sendable { case none, optional, required }

    struct Parameter: Hashable, Sendable {
        var name: String
        var about: String
        var isNumber = false
    }

    let method: HTTP1.Method
    /// With parameters in braces: `/v1/rooms/{room}`.
    let path: String
    let operation: AdminOperation
    let access: Access
    let body: Body
    let query: [Parameter]
    /// Other parameters in the query are a mistake of the sender.
    let checksQuery: Bool
    /// What it does, in a sentence.
    let about: String
    private let segments: [Segment]

    private enum Segment: Hashable, Sendable {
        case literal(String)
        case parameter
    }

    init(
        _ method: HTTP1.Method, _ path: String, _ operation: AdminOperation, _ access: Access, body: Body = .none,
        query: [Parameter] = [], checksQuery: Bool = true, _ about: String
    ) {
        self.method = method
        self.path = path
        self.operation = operation
        self.access = access
        self.body = body
        self.query = query
        self.checksQuery = checksQuery
        self.about = about
        self.segments = path.split(separator: "/").map {
            $0.hasPrefix("{") ? .parameter : .literal(String($0))
        }
    }

    /// The decoded parameters of a path given in its parts, as received; nil when it is another path.
    func parameters(of parts: [Substring]) -> [String]? {
        guard parts.count == self.segments.count else { return nil }
        var values: [String] = []
        for (part, segment) in zip(parts, self.segments) {
            switch segment {
            case .literal(let text):
                guard part == text else { return nil }
            case .parameter:
                guard !part.isEmpty, let value = PathSegment.decode(part) else { return nil }
                values.append(value)
            }
        }
        return values
    }

    enum Match: Sendable {
        case found(AdminRoute, parameters: [String])
        /// The path exists, for these methods.
        case wrongMethod(allowed: [String])
        case unknown
    }

    /// The route of a request.
    ///
    /// `rawPath` is as received: an encoded slash belongs to a name.
    static func match(_ method: HTTP1.Method, _ rawPath: String) -> Match {
        let parts = rawPath.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        let wanted = method == .head ? .get : method
        var allowed: [String] = []
        for route in self.all {
            guard let parameters = route.parameters(of: parts) else { continue }
            if route.method == wanted { return .found(route, parameters: parameters) }
            allowed.append(route.method.name)
            if route.method == .get { allowed.append("HEAD") }
        }
        return allowed.isEmpty ? .unknown : .wrongMethod(allowed: allowed)
    }
}

extension AdminRoute {
    private static let namespace = Parameter(name: "namespace", about: "The namespace; `/` unless named.")
    private static let anyNamespace = Parameter(name: "namespace", about: "Only of this namespace.")
    private static let cursor = Parameter(name: "cursor", about: "Where the last page ended.")
    private static let limit = Parameter(
        name: "limit",
        about: "Entries of a page: 1 to \(AdminRequest.maxPage), \(AdminRequest.defaultPage) unless named.",
        isNumber: true)

    /// The whole API, in the order of its documentation.
    static let all: [AdminRoute] = [
        .init(.get, "/livez", .live, .open, checksQuery: false, "Whether the event loops answer."),
        .init(.get, "/readyz", .ready, .open, checksQuery: false, "Whether the gateway may receive traffic."),
        .init(.get, "/startupz", .started, .open, checksQuery: false, "Whether the gateway has started."),
        .init(
            .get, "/metrics", .metrics, .scope(.read), checksQuery: false, "Metrics in the text format of Prometheus."),
        .init(
            .get, "/config.schema.json", .configurationSchema, .scope(.read), checksQuery: false,
            "The JSON Schema of the configuration."),
        .init(.get, "/openapi.json", .openAPI, .scope(.read), checksQuery: false, "This API as an OpenAPI document."),
        .init(.post, "/v1/emit", .emit, .scope(.emit), body: .required, "Sends an event to the sockets of a target."),
        .init(
            .post, "/v1/request", .request, .scope(.emit), body: .required,
            "Sends an event to the sockets of a target and collects their acknowledgements."),
        .init(
            .post, "/v1/actions", .actions, .scope(.admin), body: .required,
            "Carries out a list of actions in order: all of them, or none when one is not valid."),
        .init(
            .post, "/v1/batch", .batch, .scope(.admin), body: .required,
            "Carries out up to \(AdminActions.maxBatch) actions in order, each for itself."),
        .init(
            .get, "/v1/sockets", .listSockets, .scope(.read),
            query: [
                anyNamespace, Parameter(name: "room", about: "Only those in this room."),
                Parameter(name: "user", about: "Only those of this user."), cursor, limit,
            ], "Lists sockets."),
        .init(.get, "/v1/sockets/{id}", .showSocket, .scope(.read), "Shows a socket."),
        .init(
            .delete, "/v1/sockets/{id}", .disconnectSocket, .scope(.admin),
            query: [Parameter(name: "close", about: "`true` closes the client's whole connection as well.")],
            "Disconnects a socket from its namespace."),
        .init(.get, "/v1/rooms", .listRooms, .scope(.read), query: [namespace, cursor, limit], "Lists rooms by name."),
        .init(
            .get, "/v1/rooms/{room}", .showRoom, .scope(.read), query: [namespace, cursor, limit],
            "Shows a room and its members."),
        .init(
            .put, "/v1/rooms/{room}/members/{id}", .addMember, .scope(.admin), query: [namespace],
            "Puts a socket into a room."),
        .init(
            .delete, "/v1/rooms/{room}/members/{id}", .removeMember, .scope(.admin), query: [namespace],
            "Takes a socket out of a room."),
        .init(
            .post, "/v1/users/{user}/disconnect", .disconnectUser, .scope(.admin), body: .optional,
            query: [anyNamespace], "Disconnects all sockets of a user."),
        .init(
            .post, "/v1/users/{user}/refresh", .refreshUser, .scope(.admin), body: .required, query: [anyNamespace],
            "Sets until when the sockets of a user may stay: `expiresAt` or `ttl`."),
        .init(
            .post, "/v1/users/{user}/state", .changeUserState, .scope(.admin), body: .required, query: [anyNamespace],
            "Changes the state of all sockets of a user."),
        .init(
            .get, "/v1/log", .showLog, .scope(.read),
            query: [
                namespace, Parameter(name: "since", about: "Only what came after this offset."), limit,
            ], "Shows what is kept for clients that come back."),
        .init(.get, "/v1/nodes", .nodes, .scope(.read), "Shows the nodes of the cluster: this one."),
        .init(.get, "/v1/config", .configuration, .scope(.read), "Shows the configuration in force, without secrets."),
        .init(
            .post, "/v1/config/reload", .reload, .scope(.admin),
            "Reads the configuration again and takes all of it over, or nothing."),
        .init(.get, "/v1/drain", .showDrain, .scope(.read), "Shows how far a drain is."),
        .init(
            .post, "/v1/drain", .drain, .scope(.admin),
            "Empties the gateway without ending it: it is not ready any more, refuses new clients and closes those it has."
        ),
        .init(
            .delete, "/v1/drain", .takeBackDrain, .scope(.admin),
            "Takes a drain back, whatever phase it is in; clients that were closed come back by themselves."),
        .init(.get, "/v1/handlers", .handlers, .scope(.read), "Shows the backends and how their calls went."),
        .init(.get, "/v1/outbox", .showOutbox, .scope(.read), "Shows how many stored events wait, and since when."),
        .init(
            .get, "/v1/dlq", .listDeadLetters, .scope(.read),
            query: [Parameter(name: "handler", about: "Only of this handler."), cursor, limit],
            "Lists the dead letters, oldest event first."),
        .init(
            .delete, "/v1/dlq", .dropDeadLetters, .scope(.admin),
            query: [
                Parameter(name: "handler", about: "Those of this handler."),
                Parameter(name: "all", about: "`true`: those of all handlers."),
            ], "Deletes dead letters."),
        .init(
            .post, "/v1/dlq/replay", .replayDeadLetters, .scope(.admin), body: .required,
            "Sends dead letters again, oldest event first."),
        .init(
            .get, "/v1/dlq/{id}", .showDeadLetter, .scope(.read),
            "Shows a dead letter with its event and the beginning of the last response."),
        .init(.delete, "/v1/dlq/{id}", .dropDeadLetter, .scope(.admin), "Deletes a dead letter."),
        .init(.post, "/v1/dlq/{id}/replay", .replayDeadLetter, .scope(.admin), "Sends a dead letter again."),
    ]
}
