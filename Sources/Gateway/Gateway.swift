package import Configuration
import Logging
import NIOCore
import NIOPosix
package import ServiceLifecycle

/// The assembly: configuration in, services out.
///
/// Read this first.
///
/// One loop a core, one ``Shard`` a loop. Listeners deal accepted connections out to the loops; a ``Connection`` speaks
/// HTTP, an ``Endpoint`` makes sessions of its requests, a ``Client`` makes events of their messages, the ``Router``
/// decides what happens with these, and a ``Namespace`` brings what is published to the shards of its receivers.
package final class Gateway: Service {
    private let configuration: GatewayConfiguration
    private let version: String
    private let logger: Logger
    private let started: (@Sendable ([String]) -> Void)?

    /// - Parameter started: told the addresses of the public listeners when all are bound.
    package init(
        _ configuration: GatewayConfiguration, version: String, started: (@Sendable ([String]) -> Void)? = nil
    ) {
        self.configuration = configuration
        self.version = version
        self.started = started
        self.logger = Logger(label: "gatehouse") { GatewayLogHandler(label: $0, options: configuration.log) }
    }

    /// Serves until graceful shutdown.
    ///
    /// Throws ``StartupError`` when it cannot start.
    package func run() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: ProcessorCount.available)
        do {
            try await self.serve(on: group)
            try await group.shutdownGracefully()
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
    }

    private func serve(on group: MultiThreadedEventLoopGroup) async throws {
        let handlers: [String: any HandlerService]
        do throws(HandlerSetupError) {
            handlers = try HandlerDirectory(
                self.configuration.handlers, version: self.version, logger: self.logger
            ).services
        } catch {
            throw StartupError("\(error)")
        }
        let shards = group.makeIterator().enumerated().map { ShardHandle(index: $0.offset, loop: $0.element) }
        let core: GatewayCore
        var listeners: [any Channel] = []
        do {
            core = try GatewayCore(
                self.configuration, shards: shards, handlers: handlers, version: self.version, logger: self.logger)
            for shard in shards {
                try await shard.loop.submit { shard.install(Shard(handle: shard, core: core)) }.get()
            }
            listeners = try await self.bind(group, core)
        } catch {
            for handler in handlers.values { await handler.shutDown(within: .zero) }
            throw error
        }
        core.isStarted = true
        self.logger.info("started", metadata: ["version": "\(self.version)", "node": "\(self.configuration.node.id)"])
        let watcher = CertificateWatcher(listeners: Array(core.tlsListeners.values), logger: self.logger)
        let watching = Task { await watcher.run() }
        let refreshing = core.authenticators.values.map { authenticator in
            Task { await authenticator.keys.keepFresh() }
        }
        try? await gracefulShutdown()
        watching.cancel()
        for task in refreshing { task.cancel() }
        await Shutdown(core: core, listeners: listeners, logger: self.logger).run()
    }

    private func bind(_ group: any EventLoopGroup, _ core: GatewayCore) async throws -> [any Channel] {
        var channels: [any Channel] = []
        var addresses: [String] = []
        do {
            for (index, listener) in self.configuration.listeners.enumerated() {
                let context = ListenerContext(
                    name: listener.name, index: index, audience: .clients, healthPath: listener.health,
                    tls: core.tlsListeners[index], trust: ProxyTrust(listener),
                    proxyVersion: listener.proxyProtocol.version)
                let channel = try await ListenerBootstrap.bind(
                    listener.address, group: group, core: core, context: context)
                channels.append(channel)
                addresses.append(Self.describe(channel))
                self.logger.info(
                    "listening", metadata: ["listener": "\(listener.name)", "address": "\(Self.describe(channel))"])
            }
            if let admin = self.configuration.admin {
                let context = ListenerContext(
                    name: "admin", index: self.configuration.listeners.count, audience: .operators, healthPath: nil)
                let channel = try await ListenerBootstrap.bind(
                    admin.address, group: group, core: core, context: context)
                channels.append(channel)
                self.logger.info("listening", metadata: ["listener": "admin", "address": "\(Self.describe(channel))"])
            }
        } catch {
            for channel in channels { try? await channel.close() }
            throw error
        }
        self.started?(addresses)
        return channels
    }

    private static func describe(_ channel: any Channel) -> String {
        guard let address = channel.localAddress else { return "?" }
        if let path = address.pathname, !path.isEmpty { return "unix:\(path)" }
        let host = address.ipAddress ?? "?"
        return host.contains(":") ? "[\(host)]:\(address.port ?? 0)" : "\(host):\(address.port ?? 0)"
    }
}
