import HandlerContract
import Identity

extension MetricsReport {
    func writeTraffic(into text: inout MetricsText) {
        text.family("gatehouse_upgrades_total", .counter, "Upgrades from polling to WebSocket, by result.")
        text.sample("gatehouse_upgrades_total", [("result", "completed")], self.sum(\.upgradesCompleted))
        text.sample("gatehouse_upgrades_total", [("result", "failed")], self.sum(\.upgradesFailed))
        text.family("gatehouse_parse_errors_total", .counter, "Input that broke the rules of a protocol, by layer.")
        text.sample("gatehouse_parse_errors_total", [("layer", "http")], self.sum(\.parseErrorsHTTP))
        text.sample("gatehouse_parse_errors_total", [("layer", "websocket")], self.sum(\.parseErrorsWebSocket))
        text.sample("gatehouse_parse_errors_total", [("layer", "engine.io")], self.sum(\.parseErrorsEngineIO))
        text.sample("gatehouse_parse_errors_total", [("layer", "socket.io")], self.sum(\.parseErrorsSocketIO))
        text.family("gatehouse_output_dropped_total", .counter, "Events that were not sent to a receiver, by reason.")
        text.sample("gatehouse_output_dropped_total", [("reason", "volatile")], self.sum(\.outputDroppedVolatile))
        text.sample("gatehouse_output_dropped_total", [("reason", "memory")], self.sum(\.outputDroppedMemory))
        text.sample("gatehouse_output_dropped_total", [("reason", "oldest")], self.sum(\.outputDroppedOldest))
        text.sample("gatehouse_output_dropped_total", [("reason", "superseded")], self.sum(\.outputDroppedSuperseded))
        text.sample("gatehouse_output_dropped_total", [("reason", "size")], self.sum(\.outputDroppedSize))
        text.single(
            "gatehouse_slow_consumers_closed_total", .counter, "Clients that were closed because they did not read.",
            self.sum(\.slowConsumersClosed))
        text.family(
            "gatehouse_rate_limited_total", .counter,
            "What was refused for coming too fast: clients closed for their messages, and publications of the admin API."
        )
        text.sample("gatehouse_rate_limited_total", [("scope", "messages")], self.sum(\.rateLimited))
        text.sample("gatehouse_rate_limited_total", [("scope", "publish")], self.sum(\.publicationsRefused))
        text.single(
            "gatehouse_events_unmatched_total", .counter, "Events that no route matched.", self.sum(\.eventsUnmatched))
        text.single(
            "gatehouse_actions_failed_total", .counter, "Events whose route could not carry out its actions.",
            self.sum(\.actionsFailed))
        text.family("gatehouse_auth_failures_total", .counter, "Requests and clients without sufficient authorization.")
        for reason in TokenError.allCases {
            text.sample(
                "gatehouse_auth_failures_total", [("reason", reason.rawValue)],
                self.sum { $0.authFailures[reason] ?? 0 })
        }
        text.sample("gatehouse_auth_failures_total", [("reason", "admin_key")], self.sum(\.adminKeyFailures))
        text.sample("gatehouse_auth_failures_total", [("reason", "admin_forbidden")], self.sum(\.adminScopeFailures))
    }

    func writeHandlers(into text: inout MetricsText) {
        text.family("gatehouse_handler_requests_total", .counter, "Events for handlers, by what became of them.")
        for (name, statistics) in self.handlers {
            for request in statistics.requests {
                text.sample(
                    "gatehouse_handler_requests_total",
                    [("handler", name), ("route", request.route), ("outcome", request.outcome)], request.count)
            }
        }
        text.family("gatehouse_handler_duration_seconds", .histogram, "How long calls of handlers took.")
        for (name, statistics) in self.handlers {
            for duration in statistics.durations {
                text.histogram(
                    "gatehouse_handler_duration_seconds", [("handler", name), ("route", duration.route)],
                    bounds: HandlerStatistics.buckets, counts: duration.buckets, count: duration.count,
                    sum: duration.seconds)
            }
        }
        text.family("gatehouse_handler_inflight", .gauge, "Calls of handlers that are under way.")
        for (name, statistics) in self.handlers {
            text.sample("gatehouse_handler_inflight", [("handler", name)], statistics.inFlight)
        }
        text.family("gatehouse_handler_queued", .gauge, "Events that wait for their handler.")
        for (name, statistics) in self.handlers {
            text.sample("gatehouse_handler_queued", [("handler", name)], statistics.queued)
        }
        text.family(
            "gatehouse_handler_breaker_state", .gauge, "Whether a handler is called: 0 yes, 1 on probation, 2 no.")
        for (name, statistics) in self.handlers {
            text.sample("gatehouse_handler_breaker_state", [("handler", name)], statistics.breaker.rawValue)
        }
        text.family("gatehouse_handler_retries_total", .counter, "Calls of handlers that were made once more.")
        for (name, statistics) in self.handlers {
            text.sample("gatehouse_handler_retries_total", [("handler", name)], statistics.retries)
        }
        text.family(
            "gatehouse_handler_certificate_refusals_total", .counter,
            "Calls of handlers that were not made because the handler's certificate did not verify.")
        for (name, statistics) in self.handlers {
            text.sample(
                "gatehouse_handler_certificate_refusals_total", [("handler", name)], statistics.certificateRefusals)
        }
    }
}
