import Configuration
import Foundation
import HandlerContract
import Logging
import Outbox
import Synchronization

/// Stores events of `atLeastOnce` routes, and has them delivered.
///
/// The file belongs to one thread (``OutboxWorker``); everybody else leaves things in an inbox, which is bounded, and
/// never waits. What the thread finds there together is written together: the more comes, the more shares a commit.
final class OutboxService: Sendable {
    typealias Appended = OutboxEngine<SQLiteEventStore>.Appended
    typealias Report = OutboxEngine<SQLiteEventStore>.Report

    /// An event on its way into the file.
    struct Pending: Sendable {
        var event: NewEvent
        /// What became of it; on the outbox's thread, or at once.
        var complete: @Sendable (Appended) -> Void
        /// Its sender may send more: at once as a rule, after its delivery when its lane is full.
        var release: @Sendable () -> Void
    }

    struct Inbox: Sendable {
        var appends: [Pending] = []
        var bytes = 0
        var reports: [(report: Report, stored: StoredEvent)] = []
        var endedLanes: [String] = []
        var requests: [@Sendable (inout OutboxWorker) -> Void] = []
        /// The thread runs.
        var isOpen = false
        var isClosed = false
        /// The thread has been told that there is something.
        var isAnnounced = false
    }

    /// Events that wait for the thread: at 20,000 a second, half a second of them.
    static let maxWaiting = 10_000
    /// Their bytes.
    static let maxWaitingBytes = 32 << 20

    let logger: Logger
    /// Who takes what, by the configuration in force.
    let directory = Mutex(OutboxDirectory())
    let figures = Mutex(OutboxFigures())
    private let inbox = Mutex(Inbox())
    private let bell = DispatchSemaphore(value: 0)
    private let clock = OutboxClock()
    private let healthFlag = Atomic(true)

    init(logger: Logger) { self.logger = logger }

    /// Whether what was last to be written could be.
    var isWritable: Bool {
        get { healthFlag.load(ordering: .relaxed) }
        set { healthFlag.store(newValue, ordering: .relaxed) }
    }

    /// Milliseconds since 1970, but never set back or forward while the process runs.
    var now: Int64 { clock.milliseconds }

    // MARK: - For everybody

    /// Stores an event.
    ///
    /// Never blocks.
    func append(_ pending: Pending) {
        let refusal: Appended? = tell { inbox in
            guard !inbox.isClosed else { return .unavailable }
            let bytes = inbox.bytes + pending.event.bytes
            guard inbox.appends.count < Self.maxWaiting, bytes <= Self.maxWaitingBytes || inbox.appends.isEmpty else {
                return .busy
            }
            inbox.appends.append(pending)
            inbox.bytes = bytes
            return nil
        }
        guard let refusal else { return }
        figures.withLock { $0.refuse(refusal) }
        pending.complete(refusal)
        pending.release()
    }

    /// No events will come to the lane any more.
    func forget(lane: String) { tell { $0.endedLanes.append(lane) } }

    /// Another configuration is in force: its handlers take what comes, and routes that answered 410 get their events
    /// again.
    ///
    /// What a handler that was replaced has begun is not overtaken: its successor gets nothing before ``retired(_:)``.
    func adopt(_ generation: Generation, replacing previous: Generation?) {
        directory.withLock { $0.adopt(generation, replacing: previous) }
        let names = Array(generation.handlers.keys)
        tell { inbox in
            guard inbox.isOpen else { return }
            inbox.requests.append { worker in
                worker.engine.add(handlers: names)
                worker.engine.resume()
                worker.deliverWaiting()
            }
        }
    }

    /// Routes that answered 410 get their events again.
    func resume() {
        tell { $0.requests.append { $0.engine.resume() } }
    }

    /// Handlers that were replaced when a generation was have ended: their successors go on.
    func retired(_ number: Int) {
        directory.withLock { $0.retired(number) }
        tell { $0.requests.append { $0.deliverWaiting() } }
    }

    /// How a delivery went.
    func report(_ report: Report, of stored: StoredEvent) { tell { $0.reports.append((report, stored)) } }

    /// Runs `body` on the outbox's thread and waits for its result.
    func ask<Result: Sendable>(
        _ body: @escaping @Sendable (inout OutboxWorker) throws(StoreError) -> Result
    ) async throws(StoreError) -> Result {
        let result: Swift.Result<Result, StoreError> = await withCheckedContinuation { continuation in
            let isClosed = tell { inbox in
                guard !inbox.isClosed else { return true }
                inbox.requests.append { worker in
                    do throws(StoreError) {
                        continuation.resume(returning: .success(try body(&worker)))
                    } catch {
                        continuation.resume(returning: .failure(error))
                    }
                }
                return false
            }
            if isClosed { continuation.resume(returning: .failure(.unwritable(reason: "the gateway is stopping"))) }
        }
        return try result.get()
    }

    /// Changes the inbox and wakes the thread.
    @discardableResult
    private func tell<Result>(_ body: (inout Inbox) -> Result) -> Result {
        let (result, rings) = inbox.withLock { inbox in
            let result = body(&inbox)
            defer { inbox.isAnnounced = true }
            return (result, !inbox.isAnnounced)
        }
        if rings { bell.signal() }
        return result
    }

    // MARK: - For the thread

    /// Begins to deliver what is in the file and what comes.
    ///
    /// - Parameter apply: is told what handlers answered.
    func start(
        _ opened: OutboxFile.Opened, maxBytes: Int, apply: @escaping @Sendable (HandlerAnswer, StoredEvent) -> Void
    ) throws(StoreError) {
        let names = directory.withLock { Array($0.handlers.keys) }
        let share = max(1, names.count)
        // All handlers together have the memory of one.
        let window = LaneWindow.Limits()
        let limits = OutboxEngine<SQLiteEventStore>.Limits(
            maxBytes: maxBytes,
            window: LaneWindow.Limits(
                events: window.events / share, bytes: window.bytes / share, laneEvents: window.laneEvents))
        // The thread has it alone from here on.
        nonisolated(unsafe) let engine = try OutboxEngine(
            store: opened.store, handlers: names, limits: limits)
        figures.withLock { figures in
            figures.pending = engine.census.pending
            figures.dead = engine.census.dead
        }
        inbox.withLock { $0.isOpen = true }
        let thread = Thread { [self] in
            var worker = OutboxWorker(engine: engine, service: self, apply: apply)
            worker.run()
        }
        thread.name = "outbox"
        thread.start()
    }

    /// Waits until there is something to do, or the time is over, and takes it.
    func next(within timeout: Duration) -> Inbox {
        _ = bell.wait(timeout: .now() + timeout / .seconds(1))
        return inbox.withLock { inbox in
            defer { inbox = Inbox(isOpen: inbox.isOpen, isClosed: inbox.isClosed) }
            return inbox
        }
    }

    /// Writes what is left, and lets go of the file.
    func shutDown() async {
        // The last request is the end: what comes later is refused.
        await withCheckedContinuation { continuation in
            let wasClosed = tell { inbox in
                defer { inbox.isClosed = true }
                guard inbox.isOpen, !inbox.isClosed else { return true }
                inbox.requests.append { $0.ended = { continuation.resume() } }
                return false
            }
            if wasClosed { continuation.resume() }
        }
    }
}
