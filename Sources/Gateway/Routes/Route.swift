import Configuration
import HandlerContract
import Routing

/// A route of the configuration with everything that it refers to.
final class Route: Sendable {
    let name: String
    let require: Requirement?
    let actions: [ActionTemplate]
    let ack: AckTemplate?
    let handler: (any HandlerService)?
    let handlerName: String?
    let mode: DeliveryMode
    let timeout: Duration
    let isIdempotent: Bool
    /// See ``GatewayConfiguration/Route/disconnectsAtOnce``.
    let disconnectsAtOnce: Bool
    /// The client's own id of an event.
    let dedupe: Template?
    let batch: BatchLimits?
    /// What puts events into one lane; `nil`: the socket.
    let lane: Lane

    enum Lane: Sendable {
        case socket, user, none
        case value(Template)
    }

    init(
        _ options: GatewayConfiguration.Route, handler: (any HandlerService)?, defaultTimeout: Duration
    ) {
        self.name = options.name
        self.require = options.require
        self.actions = options.actions
        self.ack = options.ack
        self.handler = handler
        self.handlerName = options.handler
        self.mode =
            switch options.mode {
            case .request: .request
            case .atLeastOnce: .atLeastOnce
            case .atMostOnce: .atMostOnce
            }
        self.timeout = options.timeout ?? defaultTimeout
        self.isIdempotent = options.idempotent
        self.disconnectsAtOnce = options.disconnectsAtOnce
        self.dedupe = options.dedupe
        self.batch = options.batch.map { BatchLimits(max: $0.max, linger: $0.linger) }
        self.lane =
            switch options.orderBy {
            case .socket: .socket
            case .user: .user
            case .none: .none
            case .room(let path):
                switch Template.compile("{\(path)}") {
                case .success(let template): .value(template)
                case .failure: .socket
                }
            }
    }

    /// What a client can make the name of a lane, as of a room.
    static let maxLaneBytes = 255

    /// The lane of an event.
    ///
    /// An event without the value that its route orders by, or with an overlong one, is ordered by its socket.
    func lane(of source: EventSource, eventID: String) -> String {
        switch self.lane {
        case .socket: break
        case .user: if let user = source.user { return "user:\(user)" }
        case .none: return eventID
        case .value(let template):
            if let value = try? template.text(from: source), value.utf8.count <= Self.maxLaneBytes {
                return "room:\(value)"
            }
        }
        return "socket:\(source.socket.id)"
    }
}
