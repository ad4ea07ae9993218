/// Everything that a gateway is told before it starts: the document after defaults, environment and overrides.
///
/// Made by ``ConfigurationLoader`` only, which has checked it: names refer to something, paths are absolute where a
/// file names them, and nothing that this version lacks is asked for.
package struct GatewayConfiguration: Sendable {
    package var node: Node
    package var listeners: [Listener]
    /// Nil when the admin listener is turned off.
    package var admin: Admin?
    /// Browser origins that may connect; `*` allows any.
    ///
    /// Empty: pages from the gateway's own host only.
    package var origins: [String]
    package var endpoints: [Endpoint]
    package var handlers: [String: Handler]
    /// In file order: the first that matches wins.
    package var routes: [Route]
    package var bus: BusType
    package var history: History
    package var outbox: Outbox
    package var limits: Limits
    package var timeouts: Timeouts
    package var drain: Drain
    package var log: Log
    package var tracing: Tracing
    /// The effective document, as ``show()`` prints it.
    let shown: String

    /// The effective document as JSON: every option with its value, secrets redacted, `${…}` references as written.
    package func show() -> String { shown }
}

extension GatewayConfiguration {
    /// Who this process is among its peers.
    package struct Node: Hashable, Sendable {
        package var id: String
    }

    /// What carries events between nodes.
    package enum BusType: String, Hashable, Sendable { case memory, redis, nats }

    /// How much of a namespace's log is kept for recovery.
    package struct History: Hashable, Sendable {
        package var maxMessages: Int
        /// Bytes.
        package var maxBytes: Int
        package var maxAge: Duration
        /// Messages that one recovery may replay.
        package var maxReplay: Int
        /// File that survives a planned restart; nil keeps the log in memory only.
        package var checkpoint: String?
    }

    /// Where events of `atLeastOnce` routes are stored until a handler took them.
    package struct Outbox: Hashable, Sendable {
        package var path: String
        /// Bytes.
        package var maxBytes: Int
    }

    /// How long a peer may take before its connection is closed.
    package struct Timeouts: Hashable, Sendable {
        /// From the first byte of a request to the end of its header.
        package var header: Duration
        /// From accept to the first complete request, TLS included.
        package var handshake: Duration
        /// Without any progress while output waits.
        package var writeProgress: Duration
    }

    /// How the gateway empties itself before it stops.
    package struct Drain: Hashable, Sendable {
        /// Still accepting, but not ready.
        package var delay: Duration
        /// Over which connections are closed evenly.
        package var window: Duration
        /// Bounds the whole.
        package var hardStop: Duration
    }

    /// What is logged, and how.
    package struct Log: Hashable, Sendable {
        package enum Level: String, Hashable, Sendable, CaseIterable {
            case trace, debug, info, notice, warning, error, critical
        }
        /// `auto`: text on a terminal, JSON elsewhere.
        package enum Format: String, Hashable, Sendable, CaseIterable { case auto, json, text }

        package var level: Level
        package var format: Format
    }

    /// Where spans go.
    package struct Tracing: Hashable, Sendable {
        package var endpoint: String?
    }
}
