extension MetricsReport {
    /// Nothing without an outbox.
    func writeOutbox(into text: inout MetricsText) {
        guard let outbox = self.outbox else { return }
        let figures = outbox.figures
        text.family("gatehouse_outbox_events", .gauge, "Stored events: undelivered ones, and dead letters.")
        text.sample("gatehouse_outbox_events", [("state", "pending")], figures.pendingTotal)
        text.sample("gatehouse_outbox_events", [("state", "dead")], figures.dead)
        text.single(
            "gatehouse_outbox_oldest_seconds", .gauge, "Age of the oldest undelivered event.",
            figures.oldestSeconds(now: outbox.now))
        text.single("gatehouse_outbox_bytes", .gauge, "Bytes of the outbox that are in use.", figures.bytes)
        text.single("gatehouse_outbox_appended_total", .counter, "Events that were stored.", figures.appended)
        text.single("gatehouse_outbox_commits_total", .counter, "Transactions of the outbox.", figures.commits)
        text.family("gatehouse_outbox_refused_total", .counter, "Events that were not stored, by reason.")
        text.sample("gatehouse_outbox_refused_total", [("reason", "busy")], figures.refusedBusy)
        text.sample("gatehouse_outbox_refused_total", [("reason", "unavailable")], figures.refusedUnavailable)
        text.family("gatehouse_dlq_added_total", .counter, "Events that were given up, by reason.")
        let deaths = figures.deaths.sorted { ($0.key.handler, $0.key.reason) < ($1.key.handler, $1.key.reason) }
        for (key, count) in deaths {
            text.sample("gatehouse_dlq_added_total", [("handler", key.handler), ("reason", key.reason)], count)
        }
    }
}
