import CEpoll
public import Dispatch
import Glibc
public import NIOCore
import Synchronization

/// An event loop for many sockets that are read and written without channels.
///
/// Each cycle waits for descriptors, tells their ``Pollable``s, runs the timers that are due, and then the tasks: so whoever
/// asks for a task while something is read gets it after everything of that cycle was read. To the rest of NIO (promises,
/// `NIOLoopBound`, timers, thread pools) it is a loop like any other; what it has not are channels.
///
/// One thread. What is not behind ``queue`` is touched on it only.
public final class EpollEventLoop: EventLoop, @unchecked Sendable {
    /// Descriptors that are told of in one cycle; the others are next.
    private static let batch: CInt = 256
    /// Tasks after which descriptors are looked at again, also when tasks go on making tasks.
    private static let maxTasks = 4_096

    private static let wakeUpToken = UInt64.max
    private static let timerToken = UInt64.max - 1

    /// Handed from thread to thread; what it may touch there is for who made it, as with every loop.
    private struct Task: @unchecked Sendable {
        let run: () -> Void
    }

    private struct Queue {
        var tasks: ContiguousArray<Task> = []
        /// The thread looks into the queue once more before it waits.
        var isAwake = true
        /// Nothing is run any more.
        var hasEnded = false
    }

    private let queue = Mutex(Queue())
    private let thread = Atomic<UInt>(0)
    private let poller: CInt
    private let wakeUp: CInt
    private let timer: CInt
    private let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: Int(batch))
    private var slots = SlotTable()
    private var timers = TimerHeap()
    /// What the timer's descriptor is set to.
    private var armed: NIODeadline?
    private var isStopping = false
    private var ended: [() -> Void] = []
    /// For the tasks of a round; kept for its memory.
    private var round: ContiguousArray<Task> = []
    /// See ``executeNextCycle(_:)``.
    private var nextCycle: [() -> Void] = []

    /// Starts the thread.
    ///
    /// - Parameter name: of the thread, at most 15 bytes.
    ///
    /// Throws `IOError` when there are no descriptors or threads for it.
    init(name: String) throws {
        self.poller = epoll_create1(CInt(EPOLL_CLOEXEC))
        self.wakeUp = eventfd(0, CInt(EFD_CLOEXEC | EFD_NONBLOCK))
        self.timer = timerfd_create(CLOCK_MONOTONIC, CInt(TFD_CLOEXEC | TFD_NONBLOCK))
        guard self.poller >= 0, self.wakeUp >= 0, self.timer >= 0 else {
            throw IOError(errnoCode: errno, reason: "event loop")
        }
        // Edge-triggered: each write and each expiry is told once, and nobody has to read them.
        for (descriptor, token) in [(self.wakeUp, Self.wakeUpToken), (self.timer, Self.timerToken)] {
            var event = epoll_event()
            event.events = EPOLLIN.rawValue | EPOLLET.rawValue
            event.data.u64 = token
            guard epoll_ctl(self.poller, EPOLL_CTL_ADD, descriptor, &event) == 0 else {
                throw IOError(errnoCode: errno, reason: "event loop")
            }
        }
        try self.startThread(name: name)
    }

    deinit {
        self.events.deallocate()
        for descriptor in [self.timer, self.wakeUp, self.poller] where descriptor >= 0 { Glibc.close(descriptor) }
    }

    private func startThread(name: String) throws {
        final class Start {
            let loop: EpollEventLoop
            let name: String

            init(loop: EpollEventLoop, name: String) {
                self.loop = loop
                self.name = name
            }
        }
        var thread = pthread_t()
        let start = Unmanaged.passRetained(Start(loop: self, name: name))
        let code = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
                name_thread(start.name)
                start.loop.run()
                return nil
            }, start.toOpaque())
        guard code == 0 else {
            start.release()
            throw IOError(errnoCode: code, reason: "thread of an event loop")
        }
        pthread_detach(thread)
    }

    // MARK: - The cycle

    private func run() {
        self.thread.store(pthread_self(), ordering: .relaxed)
        var hasMore = self.runTasks()
        while !self.isStopping {
            let goesOn = hasMore || !self.nextCycle.isEmpty
            let count = epoll_wait(self.poller, self.events, Self.batch, goesOn ? 0 : -1)
            // Only EINTR can be meant.
            var isTimerDue = false
            for index in 0..<Int(max(0, count)) {
                let (token, readiness) = (self.events[index].data.u64, self.events[index].events)
                switch token {
                case Self.wakeUpToken: break
                case Self.timerToken: isTimerDue = true
                default: self.slots[token]?.ready(Readiness(rawValue: readiness))
                }
            }
            // The timer's own event stands behind everything that was ready before it.
            if isTimerDue || (count == Self.batch && self.isOverdue) { self.runTimers() }
            self.beginCycle()
            hasMore = self.runTasks()
        }
        self.end()
    }

    /// What waited for the sockets to be looked at is a task of this cycle now.
    private func beginCycle() {
        guard !self.nextCycle.isEmpty else { return }
        for task in self.nextCycle { self.enqueue(task) }
        self.nextCycle.removeAll(keepingCapacity: true)
    }

    /// Runs tasks until there are none, or until it is time to look at descriptors.
    ///
    /// Returns whether there may be more.
    private func runTasks() -> Bool {
        var rest = Self.maxTasks
        var tasks: ContiguousArray<Task> = []
        swap(&tasks, &self.round)
        defer { swap(&tasks, &self.round) }
        while rest > 0 {
            let isEmpty = self.queue.withLock { queue in
                swap(&queue.tasks, &tasks)
                queue.isAwake = !tasks.isEmpty
                return tasks.isEmpty
            }
            if isEmpty { return false }
            for task in tasks { task.run() }
            rest -= tasks.count
            tasks.removeAll(keepingCapacity: tasks.count <= Self.maxTasks)
        }
        return true
    }

    private var isOverdue: Bool { self.armed.map { $0 <= .now() } ?? false }

    private func runTimers() {
        self.armed = nil
        let (now, mark) = (NIODeadline.now(), self.timers.mark)
        while let task = self.timers.popDue(now, before: mark) { task.run(inTime: true) }
        self.arm()
    }

    /// Sets the timer's descriptor to the first deadline.
    private func arm() {
        guard let deadline = self.timers.next(), self.armed.map({ deadline < $0 }) ?? true else { return }
        self.armed = deadline
        let delay = max(1, (deadline - .now()).nanoseconds)
        var setting = itimerspec()
        setting.it_value.tv_sec = Int(delay / 1_000_000_000)
        setting.it_value.tv_nsec = Int(delay % 1_000_000_000)
        timerfd_settime(self.timer, 0, &setting, nil)
    }

    private func end() {
        for owner in self.slots.owners { owner.loopEnds() }
        for task in self.timers.removeAll() { task.run(inTime: false) }
        self.beginCycle()
        // What they have set off; whoever goes on for ever is left alone.
        for _ in 0..<100 where self.runTasks() {}
        let rest = self.queue.withLock { queue in
            queue.hasEnded = true
            defer { queue.tasks = [] }
            return queue.tasks
        }
        for task in rest { task.run() }
        for body in self.ended { body() }
        self.ended = []
    }

    // MARK: - Descriptors

    /// Watches `descriptor` for `source` until ``forget(_:)``.
    ///
    /// On the loop only. Throws `IOError`, which is for want of memory or of watches (`fs.epoll.max_user_watches`).
    public func watch(_ source: Pollable, _ descriptor: CInt, for interest: Readiness) throws(IOError) {
        self.preconditionInEventLoop()
        precondition(source.place == nil, "watched already")
        let place = self.slots.add(source)
        guard self.control(EPOLL_CTL_ADD, descriptor, place, interest) == 0 else {
            let code = errno
            self.slots.remove(place)
            throw IOError(errnoCode: code, reason: "epoll_ctl")
        }
        (source.place, source.descriptor, source.interest) = (place, descriptor, interest)
    }

    /// From now on it is watched for something else; `.hangUp` and `.error` are always told.
    public func change(_ source: Pollable, to interest: Readiness) {
        guard let place = source.place, source.interest != interest else { return }
        source.interest = interest
        // It was added, so this cannot fail.
        _ = self.control(EPOLL_CTL_MOD, source.descriptor, place, interest)
    }

    /// Watches it no more: nothing is told after this, also not of what has happened already.
    ///
    /// Returns its descriptor, which is the caller's now; -1 when it was not watched.
    public func forget(_ source: Pollable) -> CInt {
        guard let place = source.place.take() else { return -1 }
        let descriptor = source.descriptor
        // Not left to `close`: a duplicate elsewhere would keep it in the set.
        _ = self.control(EPOLL_CTL_DEL, descriptor, place, [])
        self.free(source, place)
        return descriptor
    }

    /// The same, and closes the descriptor.
    ///
    /// Nobody may have a duplicate of it.
    public func close(_ source: Pollable) {
        guard let place = source.place.take() else { return }
        let descriptor = source.descriptor
        self.free(source, place)
        // Takes it out of the set as well.
        Glibc.close(descriptor)
    }

    private func free(_ source: Pollable, _ place: SlotTable.Place) {
        self.slots.remove(place)
        (source.descriptor, source.interest) = (-1, [])
    }

    private func control(
        _ operation: CInt, _ descriptor: CInt, _ place: SlotTable.Place, _ interest: Readiness
    ) -> CInt {
        var event = epoll_event()
        event.events = interest.rawValue
        event.data.u64 = place.token
        return epoll_ctl(self.poller, operation, descriptor, &event)
    }

    // MARK: - As NIO sees it

    public var inEventLoop: Bool { pthread_self() == self.thread.load(ordering: .relaxed) }

    public func execute(_ task: @escaping @Sendable () -> Void) { self.enqueue(task) }

    public func submit<T>(_ task: @escaping @Sendable () throws -> T) -> EventLoopFuture<T> {
        let promise = self.makePromise(of: T.self)
        let isTaken = self.enqueue { promise.assumeIsolated().completeWith(Result(catching: task)) }
        if !isTaken { promise.fail(EventLoopError.shutdown) }
        return promise.futureResult
    }

    /// The same for a task that is made and run on this loop.
    public func _executeIsolatedUnsafeUnchecked(_ task: @escaping () -> Void) { self.enqueue(task) }

    /// The same once descriptors have been looked at again: for who has much to do and lets others have their turn.
    ///
    /// On the loop only.
    public func executeNextCycle(_ task: @escaping () -> Void) {
        self.preconditionInEventLoop()
        self.nextCycle.append(task)
    }

    /// Returns `false` when nothing is run any more.
    @discardableResult private func enqueue(_ task: @escaping () -> Void) -> Bool {
        let task = Task(run: task)
        let (isTaken, isWaiting) = self.queue.withLock { queue in
            guard !queue.hasEnded else { return (false, false) }
            queue.tasks.append(task)
            defer { queue.isAwake = true }
            return (true, !queue.isAwake)
        }
        if isWaiting, !self.inEventLoop { eventfd_write(self.wakeUp, 1) }
        return isTaken
    }

    public func scheduleTask<T>(
        deadline: NIODeadline, _ task: @escaping @Sendable () throws -> T
    ) -> Scheduled<T> {
        let promise = self.makePromise(of: T.self)
        let cell = TimedTaskCell()
        let body: @Sendable (Bool) -> Void = { inTime in
            guard inTime else { return promise.fail(EventLoopError.shutdown) }
            promise.assumeIsolated().completeWith(Result(catching: task))
        }
        if self.inEventLoop {
            self.add(cell, deadline, body)
        } else if !self.enqueue({ self.add(cell, deadline, body) }) {
            body(false)
        }
        return Scheduled(promise: promise) {
            if self.inEventLoop { self.cancel(cell) } else { self.execute { self.cancel(cell) } }
        }
    }

    public func scheduleTask<T>(in delay: TimeAmount, _ task: @escaping @Sendable () throws -> T) -> Scheduled<T> {
        self.scheduleTask(deadline: .now() + delay, task)
    }

    /// A task as whoever may cancel it knows it; touched on its loop only.
    private final class TimedTaskCell: @unchecked Sendable {
        var task: TimedTask?
        /// Also before the task has got here.
        var isCancelled = false
    }

    private func add(_ cell: TimedTaskCell, _ deadline: NIODeadline, _ body: @escaping (Bool) -> Void) {
        guard !cell.isCancelled else { return }
        guard !self.isStopping else { return body(false) }
        cell.task = self.timers.add(deadline, body)
        self.arm()
    }

    private func cancel(_ cell: TimedTaskCell) {
        cell.isCancelled = true
        guard let task = cell.task.take() else { return }
        let body = self.timers.cancel(task)
        // Here and not in the heap: it may hold on to something whose end cancels another timer.
        withExtendedLifetime(body) {}
    }

    /// Ends the loop: what it watches is told so, tasks that wait are run, timers fail.
    public func shutdownGracefully(queue: DispatchQueue, _ callback: @escaping @Sendable ((any Error)?) -> Void) {
        let isTaken = self.enqueue {
            self.isStopping = true
            self.ended.append { queue.async { callback(nil) } }
        }
        if !isTaken { queue.async { callback(nil) } }
    }
}
