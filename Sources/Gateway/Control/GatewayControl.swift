import Configuration
import Logging
import NIOCore

/// What can be done to the running process as a whole: reload it, drain it, end it.
///
/// Here is what lives as long as the process and follows the configuration: the listeners, the fetching of keys, and
/// handlers that are on their way out.
actor GatewayControl {
    /// Reloads that may wait for the one that is under way; a flood of signals or requests must not pile up.
    private static let maxWaiting = 16
    /// How long a handler that the configuration has no more may take to finish what it has taken on.
    private static let retirement: Duration = .seconds(30)

    let core: GatewayCore
    let logger: Logger
    let notifier: ServiceNotifier
    private let load: @Sendable () -> Result<GatewayConfiguration, ReloadProblem>
    var listeners: ListenerSet
    private var fetching: [ObjectIdentifier: Task<Void, Never>] = [:]
    private var retired: [Int: [any HandlerService]] = [:]
    private var lastReload: Task<ReloadOutcome, Never>?
    private var waiting = 0

    // Of the drain, see `GatewayControl+Drain.swift`.
    var drain: Task<Void, Never>?
    var drainsRemaining = 0
    var isTakenBack = false
    var exit: DrainTimetable.Urgency?
    var exitAsked: ContinuousClock.Instant?
    var exitWaiter: CheckedContinuation<Void, Never>?

    init(
        core: GatewayCore, listeners: ListenerSet, notifier: ServiceNotifier, logger: Logger,
        load: @escaping @Sendable () -> Result<GatewayConfiguration, ReloadProblem>
    ) {
        self.core = core
        self.listeners = listeners
        self.notifier = notifier
        self.logger = logger
        self.load = load
    }

    /// Binds the first listeners, which accept nothing yet.
    ///
    /// Throws ``StartupError``.
    func bind() async throws -> ListenerSet.Change {
        let wanted = ListenerSet.Wanted.all(of: self.core.generation, core: self.core)
        for entry in self.listeners.inherited.unused(by: wanted.map { ($0.context.name, $0.address) }) {
            self.logger.warning(
                "no listener takes the inherited socket \(entry.name ?? "of descriptor \(entry.descriptor)") (give a listener its name or address)"
            )
        }
        return try await self.listeners.change(to: wanted)
    }

    /// Clients may come.
    func open(_ listeners: ListenerSet.Change) async {
        self.listeners.commit(listeners)
        await self.listeners.carryOut(listeners)
        self.followKeys(self.core.generation)
    }

    var addresses: [String] { self.listeners.addresses }

    // MARK: - Reload

    /// Takes over the configuration as its file is now: all of it, or nothing.
    ///
    /// One after the other, however many ask.
    func reload() async -> ReloadOutcome {
        guard self.waiting < Self.maxWaiting else {
            return self.refused(["too many reloads are waiting already (ask again later)"])
        }
        self.waiting += 1
        let previous = self.lastReload
        let task = Task {
            _ = await previous?.value
            return await self.reloadNow()
        }
        self.lastReload = task
        defer { self.waiting -= 1 }
        return await task.value
    }

    private func reloadNow() async -> ReloadOutcome {
        guard self.core.drainStage == .serving else {
            return self.refused(["the gateway is draining (DELETE /v1/drain takes it back)"])
        }
        self.notifier.send(
            .reloading(monotonic: ServiceNotifier.monotonicMicroseconds()), .status("reading the configuration again"))
        defer { self.notifier.send(.ready, .status(self.statusLine)) }
        let configuration: GatewayConfiguration
        switch self.load() {
        case .success(let loaded): configuration = loaded
        case .failure(let problem): return self.refused(problem.lines)
        }
        let fixed = RestartNeed.options(from: self.core.configuration, to: configuration)
        guard fixed.isEmpty else { return self.refused([RestartNeed.refusal(fixed)]) }
        do {
            let generation = try self.core.build(configuration)
            let change: ListenerSet.Change
            do {
                change = try await self.listeners.change(
                    to: ListenerSet.Wanted.all(of: generation, core: self.core))
            } catch {
                for handler in generation.handlers(notIn: self.core.generation) {
                    await handler.shutDown(within: .zero)
                }
                throw error
            }
            let previous = try await self.core.swap(to: generation)
            self.listeners.commit(change)
            await self.listeners.carryOut(change)
            self.followKeys(generation)
            self.retire(previous.handlers(notIn: generation), number: previous.number)
            self.core.figures.reloaded(true)
            self.logger.notice("configuration reloaded", metadata: ["generation": "\(generation.number)"])
            return .done(generation: generation.number)
        } catch {
            return self.refused(["\(error)"])
        }
    }

    private func refused(_ problems: [String]) -> ReloadOutcome {
        self.core.figures.reloaded(false)
        let more = problems.count > 5 ? "; and \(problems.count - 5) more" : ""
        self.logger.error(
            "configuration not reloaded, the old one stays in use: \(problems.prefix(5).joined(separator: "; "))\(more)"
        )
        return .refused(problems)
    }

    var statusLine: String { "serving on \(self.listeners.addresses.joined(separator: ", "))" }

    /// Keys of issuers are fetched for those endpoints that need them now.
    private func followKeys(_ generation: Generation) {
        let wanted = Dictionary(
            generation.authenticators.values.map { (ObjectIdentifier($0), $0) }, uniquingKeysWith: { first, _ in first }
        )
        for (id, task) in self.fetching where wanted[id] == nil {
            task.cancel()
            self.fetching[id] = nil
        }
        for (id, authenticator) in wanted where self.fetching[id] == nil {
            self.fetching[id] = Task { await authenticator.keys.keepFresh() }
        }
    }

    /// Handlers that nothing new goes to finish what they have.
    private func retire(_ handlers: [any HandlerService], number: Int) {
        guard !handlers.isEmpty else { return }
        self.retired[number] = handlers
        Task {
            await Self.shutDown(handlers, within: Self.retirement)
            self.retired[number] = nil
            self.core.outbox?.retired(number)
        }
    }

    // MARK: - The end

    /// Lets all handlers finish what is in flight.
    func shutDownHandlers(by deadline: ContinuousClock.Instant) async {
        let handlers = Array(self.core.handlers.values) + self.retired.values.joined()
        await Self.shutDown(handlers, within: max(.zero, ContinuousClock.now.duration(to: deadline)))
    }

    func stopFetching() {
        for task in self.fetching.values { task.cancel() }
        self.fetching = [:]
    }

    private static func shutDown(_ handlers: [any HandlerService], within limit: Duration) async {
        await withTaskGroup { group in
            for handler in handlers { group.addTask { await handler.shutDown(within: limit) } }
        }
    }
}
