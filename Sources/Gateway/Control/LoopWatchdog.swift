import Logging
import NIOCore
import Synchronization

/// Watches the event loops from a task of its own: logs those that stall, and feeds the service manager's watchdog
/// only as long as all of them answer.
final class LoopWatchdog: Sendable {
    private static let interval: Duration = .milliseconds(200)

    private let loops: [any EventLoop]
    private let notifier: ServiceNotifier
    private let logger: Logger
    private let figures: OperationFigures
    private let watches: Mutex<[LoopWatch]>

    init(loops: [any EventLoop], notifier: ServiceNotifier, figures: OperationFigures, logger: Logger) {
        self.loops = loops
        self.notifier = notifier
        self.figures = figures
        self.logger = logger
        self.watches = Mutex(Array(repeating: LoopWatch(), count: loops.count))
    }

    /// Watches until the task is cancelled.
    func run() async {
        var nextFeed = ContinuousClock.now
        let interval = min(Self.interval, self.notifier.watchdogInterval ?? Self.interval)
        while !Task.isCancelled {
            let now = ContinuousClock.now
            self.look(now: now)
            if let pace = self.notifier.watchdogInterval, now >= nextFeed {
                if !self.isStuck(now: now) { self.notifier.send(.watchdog) }
                nextFeed = now + pace
            }
            try? await Task.sleep(for: interval)
        }
    }

    private func isStuck(now: ContinuousClock.Instant) -> Bool {
        self.watches.withLock { $0.contains { $0.isStuck(now: now) } }
    }

    private func look(now: ContinuousClock.Instant) {
        for (index, loop) in self.loops.enumerated() {
            switch self.watches.withLock({ $0[index].tick(now: now) }) {
            case .wait:
                break
            case .ask:
                loop.execute { self.answered(index) }
            case .stalled(let silence):
                self.figures.loopStalled()
                self.logger.warning("event loop \(index) has not answered for \(Self.text(silence))")
            }
        }
    }

    private func answered(_ index: Int) {
        guard let stall = self.watches.withLock({ $0[index].answered(now: .now) }) else { return }
        self.logger.warning("event loop \(index) answers again, after \(Self.text(stall))")
    }

    private static func text(_ duration: Duration) -> String {
        "\(Int64((duration / .milliseconds(1)).rounded())) ms"
    }
}
