extension Options {
    /// Capacity, time and observation.
    static let operations: [Option] = [
        Option("bus", .section, "{}", "What carries events between nodes."),
        Option(
            "bus.type", .choice("memory", unavailable: ["redis", "nats"], of: "bus engines"), #""memory""#,
            "`memory` is one node."),

        Option(
            "history", .section, "{}",
            "The log of a namespace that recovery reads."),
        Option(
            "history.maxMessages", .count, "10000",
            "Messages that are kept of each namespace: a minute and a half at a hundred a second."),
        Option(
            "history.maxBytes", .size, #""64MiB""#,
            "Bytes that are kept of each namespace, so that large messages do not take the place of everything else."),
        Option(
            "history.maxAge", .duration, #""2m""#,
            "Age of the oldest message that is kept: as long as a client may be away by default."),
        Option(
            "history.maxReplay", .count, "1000",
            "Messages that one recovery may replay; who has missed more loads its state anew with less effort."),
        Option("history.checkpoint", .text(.file), "null", "File that keeps the log over a planned restart."),

        Option(
            "outbox", .section, "{}",
            "Where events of `atLeastOnce` routes wait for their handler."),
        Option("outbox.path", .text(.file), #""outbox.db""#, "The database file."),
        Option(
            "outbox.maxBytes", .size, #""4GiB""#,
            "Size at which events are refused as `busy`, before the disk is full for others."),

        Option("limits", .section, "{}", "Bounds that protect the process and its other clients."),
        Option(
            "limits.maxConnections", .count, "100000",
            "Connections of all listeners together: they cost descriptors, and some KiB of memory each."),
        Option(
            "limits.acceptRate", .rate, #""1000/s""#,
            "New connections, so that a storm of them leaves time for those who are there; others get 503 and back off."
        ),
        Option(
            "limits.maxConnectionsPerIP", .count, "200",
            "Connections of one address (IPv6: of one /64): room for an office, not for a botnet; behind trusted proxies, sessions of one client's address."
        ),
        Option(
            "limits.handshakesPerIP", .rate, #""20/s""#,
            "New sessions of one address, with a burst of five seconds' worth: an office comes back at once after a restart."
        ),
        Option(
            "limits.maxPendingPerIP", .count, "100",
            "Sessions of one address that have not entered a namespace yet, which clients do within a moment."),
        Option(
            "limits.maxHandshakes", .count, "1000",
            "TLS handshakes under way at the same time, a second's worth of `acceptRate`; the oldest makes room."),
        Option(
            "limits.messagesPerSocket", .rate, #""1000/s""#,
            "Messages that one socket may send, with a burst of ten seconds' worth; it is read no faster, and closed after ten seconds of more."
        ),
        Option(
            "limits.outputSoft", .size(1...Int(Int32.max)), #""256KiB""#,
            "Waiting output of a connection above which volatile events are dropped: more than the network takes in a moment."
        ),
        Option(
            "limits.outputHard", .size(1...Int(Int32.max)), #""1MiB""#,
            "Waiting output of a connection above which it is closed: the log, and not memory, keeps what it misses."),
        Option(
            "limits.maxRoomsPerSocket", .count, "1000",
            "Rooms that one socket may be in, so that no handler's mistake fills the tables."),
        Option(
            "limits.memoryBudget", .memoryBudget, #""70%""#,
            "Memory of the process, as a share of what it may have or a size, near which load is shed."),

        Option("timeouts", .section, "{}", "How long a peer may take."),
        Option(
            "timeouts.header", .duration, #""10s""#,
            "To send the header of a request: a bad line needs seconds, an attacker as long as it may."),
        Option(
            "timeouts.handshake", .duration, #""15s""#,
            "From connecting to the first complete request, TLS included: `header`, and some round trips more."),
        Option(
            "timeouts.writeProgress", .duration, #""20s""#,
            "Without taking any of the output that waits for it; a phone that changes its network is back sooner."),

        Option(
            "drain", .section, "{}",
            "How the gateway empties itself before it stops. While nobody is connected it does not wait."),
        Option(
            "drain.delay", .duration(atLeast: .zero), #""5s""#,
            "Still accepting, but no longer ready, so that load balancers, which look every few seconds, go elsewhere."),
        Option(
            "drain.window", .duration(atLeast: .zero), #""30s""#,
            "Over which connections are closed evenly: those who come back together would be a storm."),
        Option(
            "drain.hardStop", .duration, #""60s""#,
            "Bounds the whole, below what service managers wait; a quarter of it, 10 s at most, is kept for what is in flight."
        ),

        Option("log", .section, "{}", "What is logged, and how."),
        Option(
            "log.level", .choice("trace", "debug", "info", "notice", "warning", "error", "critical", of: "levels"),
            #""info""#,
            "The least severe level that is logged."),
        Option(
            "log.format", .choice("auto", "json", "text", of: "formats"), #""auto""#,
            "`auto`: text on a terminal, JSON elsewhere."),

        Option("tracing", .section, "{}", "Where spans go."),
        Option(
            "tracing.endpoint", .text(.url), "null", availability: .unavailable,
            "An OTLP/HTTP endpoint; null: no tracing."),
    ]
}
