package import Configuration
import EpollLoop
import Glibc
import Logging
import NIOCore
import UnixSignals

/// The assembly: configuration in, services out.
///
/// Read this first.
///
/// One loop a core, one ``Shard`` a loop. Listeners deal accepted connections out to the loops; a ``Connection`` speaks
/// HTTP, an ``Endpoint`` makes sessions of its requests, a ``Client`` makes events of their messages, the ``Router``
/// decides what happens with these, and a ``Namespace`` brings what is published to the shards of its receivers.
/// What the configuration made of all this is a ``Generation``, which ``GatewayControl`` replaces and ends.
package final class Gateway: Sendable {
    private let configuration: GatewayConfiguration
    private let version: String
    private let environment: Environment
    private let load: @Sendable () -> Result<GatewayConfiguration, ReloadProblem>
    private let logger: Logger
    private let logSettings: LogSettings
    private let logWriter: LogWriter

    /// What whoever started the process has left for it.
    package struct Environment: Sendable {
        package var sockets: InheritedSockets
        package var notifier: ServiceNotifier

        package init(variables: [String: String], pid: Int32) {
            self.sockets = InheritedSockets(environment: variables, pid: pid)
            self.notifier = ServiceNotifier(environment: variables, pid: pid)
        }
    }

    /// - Parameter load: reads the configuration again, for a reload.
    package init(
        _ configuration: GatewayConfiguration, version: String, environment: Environment,
        load: @escaping @Sendable () -> Result<GatewayConfiguration, ReloadProblem>
    ) {
        self.configuration = configuration
        self.version = version
        self.environment = environment
        self.load = load
        let settings = LogSettings(configuration.log)
        self.logSettings = settings
        let writer = LogWriter(settings)
        self.logWriter = writer
        self.logger = Logger(label: "gatehouse") { GatewayLogHandler(label: $0, settings: settings, writer: writer) }
    }

    /// Serves until a signal ends it: SIGTERM after a drain, SIGINT quickly.
    ///
    /// Throws ``StartupError`` when it cannot start.
    package func run() async throws {
        // What is said about the end, or about a start that failed, is read before the process is gone.
        defer { self.logWriter.flush() }
        let group = try Self.makeLoops()
        let limit = ExitLimit { [logger, logWriter] in
            logger.critical("stopping: it did not end by itself: the process is ended (see drain.hardStop)")
            logWriter.flush()
            _exit(ExitLimit.exitCode)
        }
        defer { limit.disarm() }
        do {
            try await self.serve(on: group, limit)
            try await group.shutdownGracefully()
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
    }

    private static func makeLoops() throws -> EpollEventLoopGroup {
        do {
            return try EpollEventLoopGroup(count: ProcessorCount.available)
        } catch {
            throw StartupError("no event loop: \(error) (raise LimitNOFILE, or the limit of threads)")
        }
    }

    private func serve(on group: EpollEventLoopGroup, _ limit: ExitLimit) async throws {
        let shards = group.loops.enumerated().map { ShardHandle(index: $0.offset, loop: $0.element) }
        let storage = try OutboxAssembly(self.configuration, logger: self.logger)
        let core = try GatewayCore(
            self.configuration, shards: shards, outbox: storage?.service, version: self.version, logger: self.logger,
            logSettings: self.logSettings)
        let control = GatewayControl(
            core: core, listeners: ListenerSet(core: core, inherited: self.environment.sockets),
            notifier: self.environment.notifier, logger: self.logger, load: self.load)
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
        do {
            for shard in shards {
                try await shard.loop.submit { shard.install(Shard(handle: shard, core: core)) }.get()
            }
            try await core.restoreSessions()
            let listeners = try await control.bind()
            // When nothing else can fail: what waits there is delivered from now on.
            try storage?.start(core)
            try core.consumeCheckpoint()
            await control.open(listeners)
        } catch {
            for handler in core.handlers.values { await handler.shutDown(within: .zero) }
            await core.outbox?.shutDown()
            throw error
        }
        core.control = control
        core.isStarted = true
        self.logger.info("started", metadata: ["version": "\(self.version)", "node": "\(self.configuration.node.id)"])
        self.environment.notifier.send(.ready, .status(await control.statusLine))
        let tasks = [
            Task { await CertificateWatcher(core: core).run() },
            Task {
                await LoopWatchdog(
                    loops: shards.map(\.loop), notifier: self.environment.notifier, figures: core.figures,
                    logger: self.logger
                ).run()
            },
            Task { await core.memory.run() },
            Task { await core.logKeeper.run() },
            Task { await Self.obey(signals, control, limit) },
        ]
        await control.exitRequested()
        await control.finish(self.exitSteps(core, control))
        core.control = nil
        for task in tasks { task.cancel() }
    }

    /// What is done between the last client and the end of the process, in this order.
    private func exitSteps(_ core: GatewayCore, _ control: GatewayControl) -> [ExitStep] {
        [
            ExitStep(name: "handlers") { await control.shutDownHandlers(by: $0) },
            // After the handlers: what they answered last is written.
            ExitStep(name: "outbox", isVital: true) { _ in await core.outbox?.shutDown() },
            ExitStep(name: "checkpoint", isVital: true) { _ in core.writeCheckpoint() },
        ]
    }

    private static func obey(
        _ signals: UnixSignalsSequence, _ control: GatewayControl, _ limit: ExitLimit
    ) async {
        for await signal in signals {
            if signal != .sighup { limit.arm(control.core.configuration.drain.hardStop + ExitLimit.margin) }
            switch signal {
            case .sigterm: await control.stop(.paced)
            case .sigint: await control.stop(.quick)
            // Not awaited: a signal that ends the process must not wait for it.
            case .sighup: Task { await control.reload() }
            default: break
            }
        }
    }
}
