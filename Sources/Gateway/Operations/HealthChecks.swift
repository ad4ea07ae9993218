import JSONScanner

/// Answers the probes of an orchestrator or a load balancer.
enum HealthChecks {
    enum Check: String {
        /// The event loops answer; nothing else. Who gets this answer has talked to a loop.
        case live
        /// May receive traffic: listeners bound, not draining.
        case ready
        /// Has started.
        case started

        /// What it consists of, and whether each part is fine.
        func parts(_ core: GatewayCore) -> [(name: String, isFine: Bool)] {
            switch self {
            case .live: []
            case .ready:
                [
                    ("listeners", core.isStarted), ("draining", core.drainStage == .serving), ("bus", true),
                    ("descriptors", !core.isOutOfDescriptors),
                    ("memory", core.memory.level == .calm),
                ] + (core.outbox.map { [("outbox", $0.isWritable)] } ?? [])
            case .started: [("listeners", core.isStarted)]
            }
        }
    }

    static func answer(_ exchange: HTTPExchange, check: Check, core: GatewayCore) {
        let parts = check.parts(core)
        let isFine = parts.allSatisfy(\.isFine)
        let status = isFine ? 200 : 503
        guard exchange.head.rawQuery?.contains("verbose") == true else {
            return exchange.respond(HTTPResponse(status, text: isFine ? "ok\n" : "unavailable\n"))
        }
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("status", isFine ? "ok" : "unavailable")
        writer.key("checks")
        writer.beginObject()
        for part in parts { writer.member(part.name, part.isFine ? "ok" : "failing") }
        writer.endObject()
        writer.endObject()
        exchange.respond(HTTPResponse(status, json: writer.bytes))
    }
}
