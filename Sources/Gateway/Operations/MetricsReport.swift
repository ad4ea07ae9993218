import HandlerContract

/// Everything that `GET /metrics` tells, put together from what the shards, the handlers and the kernel say.
struct MetricsReport: Sendable {
    var version: String
    var checks: [(name: String, isFine: Bool)]
    var listeners: [String]
    /// Names of the endpoints that clients connect to.
    var sessionEndpoints: [String]
    /// Names and patterns of the configuration, and one for names that no endpoint has.
    var namespaces: [String]
    var shards: [ShardSnapshot]
    /// Connected sockets, by the place of their label in `namespaces`.
    var sockets: [Int]
    /// Entries of logs, in the same way.
    var logged: [Int]
    var handlers: [(name: String, statistics: HandlerStatistics)]
    var process: ProcessFigures
    var operation = OperationFigures.Snapshot()
    /// Bytes; see ``MemoryGuard``.
    var memoryBudget: Int
    /// Nil when nothing is stored.
    var outbox: (figures: OutboxFigures, now: Int64)?
    /// Of the listeners with TLS.
    var certificates: [CertificateExpiry] = []

    func text() -> MetricsText {
        var text = MetricsText()
        self.writeState(into: &text)
        self.writeConnections(into: &text)
        self.writeTLS(into: &text)
        self.writeEndpoints(into: &text)
        self.writeNamespaces(into: &text)
        self.writeTraffic(into: &text)
        self.writeHandlers(into: &text)
        text.single(
            "gatehouse_memory_budget_bytes", .gauge, "Resident memory near which load is shed.", self.memoryBudget)
        self.writeOutbox(into: &text)
        self.process.write(into: &text)
        return text
    }

    private func writeState(into text: inout MetricsText) {
        text.family("gatehouse_build_info", .gauge, "The version that is running, as a label.")
        text.sample("gatehouse_build_info", [("version", self.version)], 1)
        text.family("gatehouse_ready", .gauge, "Whether each check of readiness passes.")
        for check in self.checks { text.sample("gatehouse_ready", [("check", check.name)], check.isFine ? 1 : 0) }
        text.family(
            "gatehouse_event_loop_lag_seconds", .gauge,
            "How late each event loop came to what was due, the worst of its last 15 seconds.")
        for (index, shard) in self.shards.enumerated() {
            text.sample("gatehouse_event_loop_lag_seconds", [("loop", "\(index)")], shard.lag / .seconds(1))
        }
        text.single(
            "gatehouse_event_loop_stalls_total", .counter, "Times that an event loop did not answer for 500 ms.",
            self.operation.stalls)
        text.single(
            "gatehouse_log_lines_dropped_total", .counter, "Log lines that were dropped, as nobody read them in time.",
            self.operation.droppedLogLines)
        text.family("gatehouse_config_reloads_total", .counter, "Attempts to read the configuration again.")
        for (result, count) in self.operation.reloads {
            text.sample("gatehouse_config_reloads_total", [("result", result)], count)
        }
        text.single(
            "gatehouse_config_generation", .gauge, "Counts the configurations that have been in force, from 1.",
            self.operation.generation)
        text.single(
            "gatehouse_config_generations_held", .gauge, "Configurations in memory; 1 but for the moment of a reload.",
            self.operation.generationsHeld)
        text.single("gatehouse_bus_connected", .gauge, "Whether the bus between nodes is connected.", 1)
    }

    /// The sum of one counter over all shards.
    func sum(_ value: (ShardCounters) -> UInt64) -> UInt64 {
        self.shards.reduce(0) { $0 &+ value($1.counters) }
    }

    private func writeConnections(into text: inout MetricsText) {
        text.family("gatehouse_connections_accepted_total", .counter, "Connections that were accepted.")
        for (index, name) in self.listeners.enumerated() {
            text.sample(
                "gatehouse_connections_accepted_total", [("listener", name)], self.sum { $0.listeners[index].accepted })
        }
        text.family("gatehouse_connections_refused_total", .counter, "Connections that were refused, by reason.")
        for (index, name) in self.listeners.enumerated() {
            for reason in Admission.Refusal.allCases {
                text.sample(
                    "gatehouse_connections_refused_total", [("listener", name), ("reason", reason.rawValue)],
                    self.sum { $0.listeners[index].refused[reason] ?? 0 })
            }
            text.sample(
                "gatehouse_connections_refused_total", [("listener", name), ("reason", "proxy_protocol")],
                self.sum { $0.listeners[index].refusedProxy })
        }
        text.single(
            "gatehouse_received_bytes_total", .counter, "Bytes read from connections.", self.sum(\.receivedBytes))
        text.single("gatehouse_sent_bytes_total", .counter, "Bytes written to connections.", self.sum(\.sentBytes))
        text.single(
            "gatehouse_output_buffered_bytes", .gauge, "Bytes that wait for peers to read.",
            self.shards.reduce(0) { $0 + $1.counters.outputBuffered })
    }

    private func writeEndpoints(into text: inout MetricsText) {
        struct Request: Hashable, Sendable { var endpoint: String, method: String, code: Int }
        struct Pair: Hashable, Sendable { var endpoint: String, label: String }
        var requests = LabelledSum<Request>()
        var sessions = LabelledSum<Pair>()
        var closed = LabelledSum<Pair>()
        var received = LabelledSum<Pair>()
        var sent = LabelledSum<Pair>()
        for (name, counters) in self.shards.flatMap(\.endpoints) {
            for (method, code, count) in counters.requests.sorted(by: { ($0.code, $0.method) < ($1.code, $1.method) }) {
                requests.add(count, Request(endpoint: name, method: method, code: code))
            }
            for (label, count) in counters.sessions {
                sessions.add(UInt64(clamping: count), Pair(endpoint: name, label: label))
            }
            for (label, count) in counters.closed { closed.add(count, Pair(endpoint: name, label: label)) }
            for (label, count) in counters.received { received.add(count, Pair(endpoint: name, label: label)) }
            for (label, count) in counters.sent { sent.add(count, Pair(endpoint: name, label: label)) }
        }
        text.family("gatehouse_http_requests_total", .counter, "Requests that were answered.")
        for (label, count) in requests.entries {
            text.sample(
                "gatehouse_http_requests_total",
                [("endpoint", label.endpoint), ("method", label.method), ("code", "\(label.code)")], count)
        }
        // Endpoints that have no sessions, such as static files, are left out.
        let endpoints = Set(self.sessionEndpoints)
        func write(_ sum: LabelledSum<Pair>, _ name: String, _ kind: MetricsText.Kind, _ key: String, _ help: String) {
            text.family(name, kind, help)
            for (label, count) in sum.entries where endpoints.contains(label.endpoint) {
                text.sample(name, [("endpoint", label.endpoint), (key, label.label)], count)
            }
        }
        write(sessions, "gatehouse_sessions", .gauge, "transport", "Sessions that are open.")
        write(closed, "gatehouse_sessions_closed_total", .counter, "reason", "Sessions that have ended, by reason.")
        write(received, "gatehouse_messages_received_total", .counter, "type", "Messages from clients.")
        write(sent, "gatehouse_messages_sent_total", .counter, "type", "Messages to clients, handshakes included.")
    }

    private func writeNamespaces(into text: inout MetricsText) {
        // That label has no sockets: nobody gets into a namespace that does not exist.
        let known = self.namespaces.enumerated().filter { $0.element != NamespaceRegistry.unknownLabel }
        text.family("gatehouse_sockets", .gauge, "Sockets that are connected.")
        for (index, name) in known { text.sample("gatehouse_sockets", [("namespace", name)], self.sockets[index]) }
        text.family(
            "gatehouse_rooms", .gauge, "Rooms with members, counted on each event loop that has some of their members.")
        for (index, name) in known {
            text.sample("gatehouse_rooms", [("namespace", name)], self.shards.reduce(0) { $0 + $1.rooms[index] })
        }
        text.family("gatehouse_connects_total", .counter, "Decisions about clients that asked for a namespace.")
        for (index, name) in known {
            let parts = self.shards.map { $0.namespaces[index].connects.map { ($0.result, $0.count) } }
            self.write("gatehouse_connects_total", name, "result", parts, &text)
        }
        text.sample(
            "gatehouse_connects_total", [("namespace", NamespaceRegistry.unknownLabel), ("result", "invalid")],
            self.sum(\.connectsInvalid))
        text.family("gatehouse_disconnects_total", .counter, "Sockets that have left, by reason.")
        for (index, name) in known {
            let parts = self.shards.map { $0.namespaces[index].disconnects.map { ($0.reason, $0.count) } }
            self.write("gatehouse_disconnects_total", name, "reason", parts, &text)
        }
        text.family("gatehouse_recoveries_total", .counter, "Clients that wanted to go on with a session, by result.")
        for (index, name) in known {
            let parts = self.shards.map { $0.namespaces[index].recoveries.map { ($0.result, $0.count) } }
            self.write("gatehouse_recoveries_total", name, "result", parts, &text)
        }
        text.family("gatehouse_log_entries", .gauge, "What is kept for clients that come back.")
        for (index, name) in known { text.sample("gatehouse_log_entries", [("namespace", name)], self.logged[index]) }
        text.family("gatehouse_fanout_deliveries_total", .counter, "Receivers of published events, all added up.")
        for (index, name) in known {
            text.sample(
                "gatehouse_fanout_deliveries_total", [("namespace", name)],
                self.shards.reduce(UInt64(0)) { $0 &+ $1.namespaces[index].fanoutDeliveries })
        }
    }

    private func write(
        _ name: String, _ namespace: String, _ key: String, _ parts: [[(String, UInt64)]], _ text: inout MetricsText
    ) {
        var sum = LabelledSum<String>()
        for (label, count) in parts.joined() { sum.add(count, label) }
        for (label, count) in sum.entries { text.sample(name, [("namespace", namespace), (key, label)], count) }
    }
}
