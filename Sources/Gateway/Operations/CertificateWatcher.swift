import Logging
import UnixSignals

/// Reads certificates again when their files change, and on SIGHUP; connections that are open keep what they have.
struct CertificateWatcher {
    /// How often the files are looked at.
    private static let interval: Duration = .seconds(5)

    let listeners: [TLSListener]
    let logger: Logger

    /// Watches until the task is cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [listeners, logger] in
                for await _ in await UnixSignalsSequence(trapping: .sighup) {
                    for listener in listeners { listener.reload(logger: logger) }
                }
            }
            group.addTask { [listeners, logger] in
                while !Task.isCancelled {
                    try? await Task.sleep(for: Self.interval)
                    for listener in listeners where !Task.isCancelled { listener.reloadIfChanged(logger: logger) }
                }
            }
        }
    }
}
