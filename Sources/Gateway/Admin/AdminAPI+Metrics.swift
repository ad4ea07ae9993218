import NIOCore

extension AdminAPI {
    /// Answers `GET /metrics`.
    func metrics() async throws(AdminProblem) -> HTTPResponse {
        var shards: [ShardSnapshot] = []
        for shard in self.core.shards { shards.append(try await self.ask(shard) { ShardSnapshot($0) }) }
        let generation = self.core.generation
        let configuration = generation.configuration
        // Both only grow, and while a reload is under way not all shards may count what is new already.
        let labels = Array(self.core.namespaces.labels.prefix(shards.map(\.namespaces.count).min() ?? 0))
        let listeners = Array(self.core.listenerNames.prefix(shards.map(\.counters.listeners.count).min() ?? 0))
        var sockets = [Int](repeating: 0, count: labels.count)
        var logged = sockets
        for namespace in self.core.namespaces.all where namespace.label < labels.count {
            sockets[namespace.label] += namespace.socketCount
            logged[namespace.label] += namespace.logCount
        }
        let report = MetricsReport(
            version: self.core.version, checks: HealthChecks.Check.ready.parts(self.core),
            listeners: listeners,
            sessionEndpoints: configuration.endpoints.filter { $0.protocol != .static }.map(\.name),
            namespaces: labels, shards: shards, sockets: sockets, logged: logged,
            handlers: generation.handlers.sorted { $0.key.precedesByBytes($1.key) }
                .map { ($0.key, $0.value.statistics()) },
            process: .read(),
            operation: self.core.figures.snapshot(
                generation: generation.number, droppedLogLines: self.core.logSettings.droppedLines),
            memoryBudget: self.core.memory.budget,
            outbox: self.core.outbox.map { outbox in (outbox.figures.withLock { $0 }, outbox.now) },
            certificates: generation.tlsListeners.sorted { $0.key < $1.key }.map {
                .init(listener: $0.key, at: $0.value.certificateExpiry)
            })
        return HTTPResponse(
            200, headers: [("content-type", MetricsText.contentType), ("cache-control", "no-store")],
            body: ByteBuffer(bytes: report.text().bytes))
    }
}
