package import Routing

extension GatewayConfiguration {
    /// Which events go where.
    package struct Route: Sendable {
        package enum Mode: String, Hashable, Sendable, CaseIterable { case request, atLeastOnce, atMostOnce }

        /// Label in logs, metrics and the `gatehouse-route` header.
        package var name: String
        package var match: RouteMatch
        /// Who fails it gets the ack error `forbidden`.
        package var require: Requirement?
        /// A key of ``GatewayConfiguration/handlers``; nil: the route has ``actions`` or ``ack`` of its own.
        package var handler: String?
        package var mode: Mode
        package var orderBy: Lane
        /// Nil: the handler's.
        package var timeout: Duration?
        /// Whether an event may be sent to the handler twice.
        package var idempotent: Bool
        /// The client's own id of an event, for dropping repeats.
        package var dedupe: Template?
        /// Hears of a disconnect at once, and not when the client can no longer come back to its session.
        package var disconnectsAtOnce: Bool
        /// Several events in one request.
        package var batch: Batch?
        package var actions: [ActionTemplate]
        /// Without a ``handler`` the ack of the route, with one that of the modes in which nobody waits for its answer.
        package var ack: AckTemplate?
    }

    /// How many events of a route go to their handler in one request.
    package struct Batch: Hashable, Sendable {
        package var max: Int
        /// How long the first of them waits for others.
        package var linger: Duration
    }

    /// Which events of a route wait for each other: one in flight per lane.
    package enum Lane: Hashable, Sendable {
        case socket, user
        /// By the text of an expression, checked and without braces: `args.0.room`.
        case room(String)
        case none
    }
}
