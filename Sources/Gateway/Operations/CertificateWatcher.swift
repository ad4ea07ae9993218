/// Reads certificates again when their files change; connections that are open keep what they have.
///
/// A reload of the configuration reads them as well.
struct CertificateWatcher {
    /// How often the files are looked at.
    private static let interval: Duration = .seconds(5)

    let core: GatewayCore

    /// Watches until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.interval)
            for listener in self.core.generation.tlsListeners.values where !Task.isCancelled {
                listener.reloadIfChanged(logger: self.core.logger)
            }
        }
    }
}
