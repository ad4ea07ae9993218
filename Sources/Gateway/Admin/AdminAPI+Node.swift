import HandlerContract
import JSONScanner

extension AdminAPI {
    /// Answers `GET /v1/nodes`.
    func nodes() async throws(AdminProblem) -> HTTPResponse {
        var connections = 0
        var sessions = 0
        var refusals: [SendRing.Refusal] = []
        for shard in self.core.shards {
            let found = try await self.ask(shard) { ($0.connectionCount, $0.sessions.count, $0.sender.refusal) }
            connections += found.0
            sessions += found.1
            if let refusal = found.2 { refusals.append(refusal) }
        }
        let started = self.core.startedAtMilliseconds
        let sockets = self.core.namespaces.all.reduce(0) { $0 + $1.socketCount }
        return Self.json { writer in
            writer.key("nodes")
            writer.beginArray()
            writer.beginObject()
            writer.member("id", self.core.configuration.node.id)
            writer.member("self", true)
            writer.member("version", self.core.version)
            let isDraining = self.core.drainStage > .serving
            writer.member("state", isDraining ? "draining" : self.core.isStarted ? "ready" : "starting")
            writer.member("generation", self.core.generation.number)
            writer.member("startedAt", Timestamp(milliseconds: started).iso8601())
            writer.member("uptimeSeconds", max(0, Int(WallClock.milliseconds() - started) / 1_000))
            writer.member("eventLoops", self.core.shards.count)
            writer.member("sendRings", self.core.shards.count - refusals.count)
            if let refusal = refusals.first { writer.member("sendRingRefusal", "\(refusal)") }
            writer.member("connections", connections)
            writer.member("sessions", sessions)
            writer.member("sockets", sockets)
            writer.endObject()
            writer.endArray()
        }
    }

    /// Answers `GET /v1/handlers`.
    func handlers() -> HTTPResponse {
        Self.json { writer in
            writer.key("handlers")
            writer.beginArray()
            for (name, handler) in self.core.handlers.sorted(by: { $0.key.precedesByBytes($1.key) }) {
                Self.write(name, handler.statistics(), into: &writer)
            }
            writer.endArray()
        }
    }

    private static func write(_ name: String, _ statistics: HandlerStatistics, into writer: inout JSONWriter) {
        writer.beginObject()
        writer.member("name", name)
        writer.member("breaker", statistics.breaker.name)
        writer.member("inFlight", statistics.inFlight)
        writer.member("queued", statistics.queued)
        writer.member("retries", statistics.retries)
        writer.key("requests")
        writer.beginArray()
        for request in statistics.requests {
            writer.beginObject()
            writer.member("route", request.route)
            writer.member("outcome", request.outcome)
            writer.member("count", request.count)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
    }
}

extension CircuitBreaker.State {
    fileprivate var name: String {
        switch self {
        case .closed: "closed"
        case .halfOpen: "halfOpen"
        case .open: "open"
        }
    }
}
