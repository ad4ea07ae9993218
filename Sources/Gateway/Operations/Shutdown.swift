import Logging
import NIOCore

/// The orderly end: nothing new, everyone told, what is in flight finished.
struct Shutdown {
    /// How long connections may take to go once they have been told.
    private static let grace: Duration = .seconds(3)

    let core: GatewayCore
    let listeners: [any Channel]
    let logger: Logger

    func run() async {
        self.logger.info("stopping")
        self.core.isDraining = true
        for listener in self.listeners { try? await listener.close() }
        for shard in self.core.shards {
            try? await shard.submit { $0.closeSessions() }
        }
        await self.waitForConnections()
        for handler in self.core.handlers.values { await handler.shutDown(within: .seconds(2)) }
        self.logger.info("stopped")
    }

    private func waitForConnections() async {
        let deadline = ContinuousClock.now + Self.grace
        while ContinuousClock.now < deadline {
            var open = 0
            for shard in self.core.shards { open += (try? await shard.submit { $0.connectionCount }) ?? 0 }
            if open == 0 { return }
            try? await Task.sleep(for: .milliseconds(20))
        }
    }
}
