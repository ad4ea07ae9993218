extension MetricsReport {
    /// When the certificates of a TLS listener end.
    struct CertificateExpiry: Sendable {
        var listener: String
        /// Seconds since 1970.
        var at: Int64
    }

    func writeTLS(into text: inout MetricsText) {
        guard !self.certificates.isEmpty else { return }
        text.family("gatehouse_tls_handshakes_total", .counter, "TLS handshakes that were completed.")
        for version in ["1.2", "1.3"] {
            for isResumed in [false, true] {
                let kind = ShardCounters.TLSHandshakeKind(version: version, isResumed: isResumed)
                text.sample(
                    "gatehouse_tls_handshakes_total", [("version", version), ("resumed", "\(isResumed)")],
                    self.sum { $0.tlsHandshakes[kind] ?? 0 })
            }
        }
        text.single(
            "gatehouse_tls_handshakes_delayed_total", .counter,
            "Steps of TLS handshakes that had to wait, so that other connections were served in between.",
            self.sum(\.tlsHandshakesDelayed))
        text.family("gatehouse_tls_handshake_errors_total", .counter, "TLS connections that failed, by reason.")
        for (index, listener) in self.listeners.enumerated() {
            let reasons = Set(self.shards.flatMap { $0.counters.listeners[index].tlsErrors.keys }).sorted()
            for reason in reasons {
                text.sample(
                    "gatehouse_tls_handshake_errors_total", [("listener", listener), ("reason", reason)],
                    self.sum { $0.listeners[index].tlsErrors[reason] ?? 0 })
            }
        }
        text.family(
            "gatehouse_tls_certificate_expiry_timestamp_seconds", .gauge,
            "When the first of a listener's certificates ends.")
        for certificate in self.certificates {
            text.sample(
                "gatehouse_tls_certificate_expiry_timestamp_seconds", [("listener", certificate.listener)],
                certificate.at)
        }
    }
}
