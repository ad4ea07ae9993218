import Bus
import Configuration
import Synchronization

/// The log that a namespace begins with: an empty one, or one that a checkpoint has kept.
struct NamespaceLog: Sendable {
    var epoch: Epoch
    /// The offset given last.
    var head: UInt64 = 0
    var history: History<Broadcast>
}

/// Decides which namespaces have a log: those where some client may come back to what it missed.
final class NamespaceLogs: Sendable {
    let limits: HistoryLimits?
    /// What the logs of all open namespaces hold.
    let total = LogTotal()
    private let rules: [NamespaceMatcher]
    /// What a checkpoint has kept, by name; taken when the namespace is opened.
    private let kept = Mutex<[ExactName: NamespaceLog]>([:])

    /// - Parameter limits: `nil`: nobody may.
    init(limits: HistoryLimits? = nil, rules: [NamespaceMatcher] = []) {
        self.limits = limits
        self.rules = rules
    }

    /// From now on a namespace of that name goes on where it stopped.
    func keep(_ log: NamespaceLog, for name: String) {
        self.kept.withLock { $0[ExactName(name)] = log }
    }

    /// The log of a namespace that is being opened; `nil` for none.
    func open(_ name: String) -> NamespaceLog? {
        guard let limits, self.rules.contains(where: { $0.accepts(name) }) else { return nil }
        if let kept = self.kept.withLock({ $0.removeValue(forKey: ExactName(name)) }) { return kept }
        var random = SystemRandomNumberGenerator()
        return NamespaceLog(epoch: Epoch(using: &random), history: History(limits: limits))
    }
}

extension NamespaceLogs {
    /// A replay of a few large events must not be refused because of what else is on its way to the client.
    private static let maxReplayBytes = 1_024 * 1_024

    convenience init(_ configuration: GatewayConfiguration) {
        let recovering = configuration.endpoints.filter { $0.recoveryWindow != nil }
        let history = configuration.history
        self.init(
            limits: recovering.isEmpty
                ? nil
                : HistoryLimits(
                    maxEntries: history.maxMessages, maxBytes: history.maxBytes, maxAge: history.maxAge,
                    maxReplay: history.maxReplay,
                    maxReplayBytes: min(Self.maxReplayBytes, configuration.limits.outputHard)),
            rules: recovering.flatMap { $0.namespaces.map(NamespaceMatcher.init) })
    }
}
