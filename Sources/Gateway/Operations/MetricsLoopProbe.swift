import NIOCore

/// Measures how late a loop comes to what is due: once a second, the worst of the last 15 is kept, so that a scrape
/// every 15 seconds misses none of them.
final class LoopLagProbe {
    private static let interval: Duration = .seconds(1)
    private static let kept = 15

    private var samples: [Duration] = []
    private var next = 0
    private var isRunning = false

    var worst: Duration { self.samples.max() ?? .zero }

    /// Runs as long as the loop does.
    func start(on loop: any EventLoop) {
        guard !self.isRunning else { return }
        self.isRunning = true
        self.arm(loop)
    }

    private func arm(_ loop: any EventLoop) {
        let due = ContinuousClock.now + Self.interval
        let bound = NIOLoopBound(self, eventLoop: loop)
        loop.scheduleTask(in: TimeAmount(Self.interval)) {
            bound.value.record(max(.zero, due.duration(to: .now)))
            bound.value.arm(loop)
        }
    }

    func record(_ lag: Duration) {
        if self.samples.count < Self.kept {
            self.samples.append(lag)
        } else {
            self.samples[self.next] = lag
            self.next = (self.next + 1) % Self.kept
        }
    }
}
