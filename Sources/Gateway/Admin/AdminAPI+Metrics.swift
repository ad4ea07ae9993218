import NIOCore

extension AdminAPI {
    /// Answers `GET /metrics`.
    func metrics() async throws(AdminProblem) -> HTTPResponse {
        var shards: [ShardSnapshot] = []
        for shard in self.core.shards { shards.append(try await self.ask(shard) { ShardSnapshot($0) }) }
        let labels = self.core.namespaces.labels
        var sockets = [Int](repeating: 0, count: labels.count)
        var logged = sockets
        for namespace in self.core.namespaces.all {
            sockets[namespace.label] += namespace.socketCount
            logged[namespace.label] += namespace.logCount
        }
        let configuration = self.core.configuration
        let report = MetricsReport(
            version: self.core.version, checks: HealthChecks.Check.ready.parts(self.core),
            listeners: configuration.listeners.map(\.name) + ["admin"],
            sessionEndpoints: configuration.endpoints.filter { $0.protocol != .static }.map(\.name),
            namespaces: labels, shards: shards, sockets: sockets, logged: logged,
            handlers: self.core.handlers.sorted { $0.key.precedesByBytes($1.key) }
                .map { ($0.key, $0.value.statistics()) },
            process: .read(),
            certificates: self.core.tlsListeners.sorted { $0.key < $1.key }.map {
                .init(listener: configuration.listeners[$0.key].name, at: $0.value.certificateExpiry)
            })
        return HTTPResponse(
            200, headers: [("content-type", MetricsText.contentType), ("cache-control", "no-store")],
            body: ByteBuffer(bytes: report.text().bytes))
    }
}
