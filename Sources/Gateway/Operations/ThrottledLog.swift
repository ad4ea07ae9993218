import Logging
import Synchronization

/// Tells an operator of what a client or a handler can bring about as often as it likes: each kind now and then.
final class ThrottledLog: Sendable {
    private let logger: Logger
    private let failures = Mutex(FailureLog())

    init(_ logger: Logger) { self.logger = logger }

    /// - Parameter kind: one of few: made of names of the configuration, not of what clients send.
    func warning(_ kind: String, _ message: @autoclosure () -> String) {
        guard let suppressed = self.failures.withLock({ $0.report(kind, now: .now) }) else { return }
        let others = suppressed > 0 ? " (\(suppressed) more since the last report)" : ""
        self.logger.warning("\(message())\(others)")
    }
}
