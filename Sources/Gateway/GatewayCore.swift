import Bus
import Configuration
import HandlerContract
import Logging
import NIOCore
import Synchronization

/// What all shards share for the life of the process, and the ``Generation`` that is in force.
final class GatewayCore: Sendable {
    let shards: [ShardHandle]
    let namespaces: NamespaceRegistry
    let actions: ActionRunner
    /// What the last run of this gateway has left behind, if it was stopped in good order.
    private let checkpoint: Checkpoint?
    /// Who may come back to which session.
    let sessions: SessionDirectory
    /// Where events of `atLeastOnce` routes are stored; nil when no route needed it at the start.
    let outbox: OutboxService?
    let admission: Admission
    let memory: MemoryGuard
    let logKeeper: LogKeeper
    let logger: Logger
    let logSettings: LogSettings
    let version: String
    let startedAtMilliseconds: Int64
    let figures = OperationFigures()

    private let current: Mutex<Generation>
    /// By ``ListenerContext/index``: the names of all listeners that there have been; they grow with reloads.
    private let names = Mutex<[String]>([])
    private let declared = Mutex<Set<ExactName>>([])

    /// Throws ``StartupError``.
    init(
        _ configuration: GatewayConfiguration, shards: [ShardHandle], outbox: OutboxService? = nil, version: String,
        logger: Logger, logSettings: LogSettings
    ) throws {
        self.version = version
        self.outbox = outbox
        self.shards = shards
        self.logger = logger
        self.logSettings = logSettings
        self.startedAtMilliseconds = WallClock.milliseconds()
        self.admission = Admission(configuration.limits, now: .now)
        let logs = NamespaceLogs(configuration)
        let file = configuration.history.checkpoint.map { CheckpointFile(path: $0, logger: logger) }
        try file?.checkPlace()
        self.checkpoint = logs.limits.flatMap { file?.read(limits: $0) }
        for (name, log) in self.checkpoint?.logs ?? [] { logs.keep(log, for: name) }
        self.namespaces = NamespaceRegistry(shards: shards, labels: configuration.namespaceLabels, logs: logs)
        self.logKeeper = LogKeeper(self.namespaces)
        self.memory = MemoryGuard(configuration.limits.memoryBudget, logs: self.logKeeper, logger: logger)
        self.sessions = SessionDirectory(
            maxAbsent: configuration.limits.maxConnections, maxBytes: configuration.history.maxBytes)
        self.actions = ActionRunner(namespaces: self.namespaces)
        let generation = try Generation(
            configuration, after: nil, actions: self.actions, outbox: outbox, figures: self.figures, version: version,
            logger: logger)
        self.current = Mutex(generation)
        self.prepare(generation)
    }

    // MARK: - The configuration in force

    /// For whoever is not on a shard's loop; there it is ``Shard/generation``.
    var generation: Generation { self.current.withLock { $0 } }
    var configuration: GatewayConfiguration { self.generation.configuration }
    var handlers: [String: any HandlerService] { self.generation.handlers }

    /// Builds what another configuration makes; nothing changes yet.
    ///
    /// Throws ``StartupError``.
    func build(_ configuration: GatewayConfiguration) throws -> Generation {
        try Generation(
            configuration, after: self.generation, actions: self.actions, outbox: self.outbox, figures: self.figures,
            version: self.version, logger: self.logger)
    }

    /// Puts a generation in force on all shards.
    ///
    /// Returns the one that was in force.
    func swap(to generation: Generation) async throws -> Generation {
        self.prepare(generation)
        let previous = self.current.withLock { current in
            defer { current = generation }
            return current
        }
        self.admission.change(generation.configuration.limits)
        self.memory.change(generation.configuration.limits.memoryBudget)
        self.logSettings.change(generation.configuration.log)
        // Before the outbox hands them the events that they have not taken.
        for handler in generation.keptHandlers(of: previous) { handler.enableRoutes() }
        self.outbox?.adopt(generation, replacing: previous)
        for shard in self.shards { try await shard.submit { $0.adopt(generation) } }
        return previous
    }

    /// What has to be there before the first shard sees the generation.
    private func prepare(_ generation: Generation) {
        let configuration = generation.configuration
        self.maxSessions.store(configuration.limits.maxConnections, ordering: .relaxed)
        for listener in configuration.listeners { _ = self.listenerIndex(listener.name) }
        if configuration.admin != nil { _ = self.listenerIndex(Self.adminListener) }
        self.namespaces.count(configuration.namespaceLabels)
        // Those that have a name exist from the start, so that the admin API can speak of them, and for good.
        for endpoint in configuration.endpoints {
            for rule in endpoint.namespaces {
                guard case .name(let name) = rule.names else { continue }
                let isNew = self.declared.withLock { $0.insert(ExactName(name)).inserted }
                if isNew { _ = self.namespaces.resolve(name, rules: [.name(name)]) }
            }
        }
    }

    // MARK: - Listeners, by name

    static let adminListener = "admin"

    /// Under which number the connections of a listener are counted; a name keeps its number.
    func listenerIndex(_ name: String) -> Int {
        self.names.withLock { names in
            if let index = names.firstIndex(of: name) { return index }
            names.append(name)
            return names.count - 1
        }
    }

    var listenerNames: [String] { self.names.withLock { $0 } }

    // MARK: - Sessions

    private let sessionCount = Atomic(0)
    private let maxSessions = Atomic(0)

    /// Counts a session of any shard; a polling one has no connection of its own that would be counted.
    ///
    /// Returns `false`, and does not count it, when there are as many as connections may be, or memory is short.
    func sessionOpened() -> Bool {
        guard self.memory.level == .calm else { return false }
        let limit = self.maxSessions.load(ordering: .relaxed)
        if self.sessionCount.wrappingAdd(1, ordering: .relaxed).newValue <= limit { return true }
        self.sessionClosed()
        return false
    }

    func sessionClosed() {
        self.sessionCount.wrappingSubtract(1, ordering: .relaxed)
    }

    // MARK: - Over a planned restart

    /// Clients of the last run may come back to their sessions; called once, before anybody can come.
    func restoreSessions() async throws {
        var restored = self.shards.map { _ in [AbsentSession]() }
        for (index, kept) in (self.checkpoint?.sessions ?? []).enumerated() {
            guard let endpoint = self.configuration.endpoints.first(where: { $0.name == kept.endpoint }),
                endpoint.recoveryWindow != nil,
                let namespace = self.namespaces.resolve(
                    kept.namespace, rules: endpoint.namespaces.map(NamespaceMatcher.init))
            else { continue }
            if let session = kept.session(in: namespace) { restored[index % restored.count].append(session) }
            // Somebody was in it, in the last run.
            namespace.noteEntry()
            self.namespaces.release(namespace, forgetting: false)
        }
        // Waited for: the first clients come as soon as somebody listens.
        for (shard, sessions) in zip(self.shards, restored) {
            try await shard.submit { shard in
                for session in sessions { shard.sessionLeft(session) }
            }
        }
    }

    /// What the last run has left is used up; called when nothing can fail any more, before the first client comes.
    ///
    /// Throws ``StartupError``.
    func consumeCheckpoint() throws {
        guard self.checkpoint != nil, let path = self.configuration.history.checkpoint else { return }
        try CheckpointFile(path: path, logger: self.logger).putAside()
    }

    /// Writes what the next run needs; called last of all.
    func writeCheckpoint() {
        self.concludedFlag.store(true, ordering: .relaxed)
        guard let path = self.configuration.history.checkpoint else { return }
        let checkpoint = Checkpoint(
            logs: self.namespaces.all.compactMap { namespace in namespace.log.map { (namespace.name, $0) } },
            sessions: self.sessions.absent.map(Checkpoint.Session.init))
        CheckpointFile(path: path, logger: self.logger).write(checkpoint)
    }

    // MARK: - State

    private let stage = Atomic(DrainStage.serving.rawValue)

    /// How far the gateway is on its way out.
    var drainStage: DrainStage {
        get { DrainStage(rawValue: self.stage.load(ordering: .relaxed)) ?? .serving }
        set { self.stage.store(newValue.rawValue, ordering: .relaxed) }
    }

    /// No new sessions; the rest is being finished.
    var isDraining: Bool { self.drainStage >= .closing }

    /// Whether a client that goes now may find its session when it comes back.
    var keepsSessions: Bool { !self.isDraining || self.configuration.history.checkpoint != nil }

    private let concludedFlag = Atomic(false)

    /// The checkpoint is being taken: what is changed from now on may be missing in it.
    ///
    /// Looked at after a change. Logs are read and changed under one lock, so who came too late sees it.
    var isConcluded: Bool { self.concludedFlag.load(ordering: .relaxed) }

    private let descriptorFlag = Atomic(false)

    /// No connection could be accepted a moment ago, for want of descriptors.
    var isOutOfDescriptors: Bool {
        get { self.descriptorFlag.load(ordering: .relaxed) }
        set { self.descriptorFlag.store(newValue, ordering: .relaxed) }
    }

    private let readyFlag = Atomic(false)

    /// The listeners are bound.
    var isStarted: Bool {
        get { self.readyFlag.load(ordering: .relaxed) }
        set { self.readyFlag.store(newValue, ordering: .relaxed) }
    }

    private let controlBox = Mutex<GatewayControl?>(nil)

    /// Who reloads, drains and stops the process; there as long as it serves.
    var control: GatewayControl? {
        get { self.controlBox.withLock { $0 } }
        set { self.controlBox.withLock { $0 = newValue } }
    }
}
