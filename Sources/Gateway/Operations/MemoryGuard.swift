import CMalloc
import Configuration
import Glibc
import Logging
import Synchronization

/// Watches how much memory the process uses, and says what ``MemoryPressure`` decides.
///
/// Looks several times a second, and the shards look whenever they have taken in another ``grain`` of bytes, so that
/// memory cannot fill up between two looks.
final class MemoryGuard: Sendable {
    /// How many bytes a shard takes in or queues before it looks: small beside the last 5 % of any sensible budget.
    static let grain = 1 << 20
    private static let interval: Duration = .milliseconds(250)
    /// Memory that the allocator keeps for later is given back no more often than this: it takes a while.
    private static let trimPause: Duration = .milliseconds(250)
    /// Blocks from this size on go back to the kernel as soon as they are freed.
    ///
    /// The allocator would raise it with the first large block that is freed, and keep everything below for itself.
    private static let directBlock: CInt = 256 * 1_024

    /// From so many percent of the budget on the logs are trimmed: 5 % before newcomers are refused.
    private static let logsGo = 80
    /// They are trimmed down to this share, so that it takes a while until they are again.
    private static let logsStay = 75

    private let logger: Logger
    private let logs: LogKeeper?
    /// One at a time trims the logs: the others would do it all over again.
    private let relief = Mutex(())
    private let pressure: Mutex<MemoryPressure>
    private let current = Atomic(MemoryPressure.Level.calm.rawValue)
    private let lastTrim = Mutex<ContinuousClock.Instant?>(nil)
    /// `/proc/self/statm`, kept open.
    private let descriptor: CInt
    private let pageSize = Int(getpagesize())

    /// - Parameter logs: What goes before anybody is refused or closed.
    init(_ budget: MemoryBudget, logs: LogKeeper? = nil, logger: Logger) {
        self.logger = logger
        self.logs = logs
        self.pressure = Mutex(MemoryPressure(budget: MemoryLimit.bytes(budget)))
        self.descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        mallopt(M_MMAP_THRESHOLD, Self.directBlock)
    }

    deinit { if self.descriptor >= 0 { close(self.descriptor) } }

    /// Bytes.
    var budget: Int { self.pressure.withLock { $0.budget } }

    /// Another budget holds from now on.
    func change(_ budget: MemoryBudget) {
        let bytes = MemoryLimit.bytes(budget)
        self.pressure.withLock { $0.change(budget: bytes) }
    }

    /// As of the last look.
    var level: MemoryPressure.Level {
        MemoryPressure.Level(rawValue: self.current.load(ordering: .relaxed)) ?? .calm
    }

    /// Looks, and returns how many bytes have to go now; 0 as long as nobody has to be closed.
    func look() -> Int {
        guard var resident = self.resident() else { return 0 }
        if self.trimLogs(resident) { resident = self.resident() ?? resident }
        let (change, excess) = self.pressure.withLock { pressure in
            let change = pressure.sample(resident: resident)
            // Within the lock, so that an older look cannot overwrite a newer one.
            self.current.store(change.after.rawValue, ordering: .relaxed)
            return (change, pressure.excess(resident: resident))
        }
        if change.after != change.before { self.tell(change.before, change.after, resident) }
        return excess
    }

    /// Keeps the logs within their share, and trims them further when memory runs short.
    ///
    /// What they lose costs clients that come back a fresh start; everything else that can go costs somebody who is there.
    ///
    /// Returns whether memory has been given back to the kernel.
    private func trimLogs(_ resident: Int) -> Bool {
        guard let logs = self.logs else { return false }
        let percent = self.budget / 100
        logs.keep(budget: self.budget)
        guard resident > percent * Self.logsGo, logs.bytes > 0 else { return false }
        return self.relief.withLockIfAvailable { _ in
            let dropped = logs.trim(to: max(0, logs.bytes - (resident - percent * Self.logsStay)))
            guard dropped > 0 else { return false }
            malloc_trim(0)
            self.logger.notice(
                "memory: the oldest entries of the logs were dropped, clients may not get back what they missed",
                metadata: ["bytes": "\(dropped)", "resident": "\(resident)", "budget": "\(self.budget)"])
            return true
        } ?? false
    }

    private func tell(_ before: MemoryPressure.Level, _ after: MemoryPressure.Level, _ resident: Int) {
        let figures: Logger.Metadata = ["resident": "\(resident)", "budget": "\(self.budget)"]
        if after == .calm {
            self.logger.notice("memory: new sessions are let in again", metadata: figures)
        } else if before == .calm {
            self.logger.warning(
                "memory: the budget is nearly used up, new sessions are refused (raise limits.memoryBudget, or lower limits.maxConnections)",
                metadata: figures)
        } else if after == .closing {
            self.logger.warning("memory: clients with the most piled up are closed", metadata: figures)
        }
    }

    /// Bytes.
    private func resident() -> Int? {
        var text = [UInt8](repeating: 0, count: 96)
        let count = pread(self.descriptor, &text, text.count, 0)
        guard count > 0 else { return nil }
        return Self.residentPages(text[..<count]).map { $0.multipliedReportingOverflow(by: self.pageSize).partialValue }
    }

    /// The second field of `/proc/self/statm`, proc(5).
    static func residentPages(_ text: ArraySlice<UInt8>) -> Int? {
        let fields = text.split(separator: UInt8(ascii: " "), maxSplits: 2)
        guard fields.count > 1 else { return nil }
        return Int(String(decoding: fields[1], as: UTF8.self))
    }

    /// Gives back to the kernel what the allocator has free.
    func trim() {
        let isDue = self.lastTrim.withLock { last in
            let now = ContinuousClock.now
            if let last, last.duration(to: now) < Self.trimPause { return false }
            last = now
            return true
        }
        if isDue { malloc_trim(0) }
    }

    /// Looks until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.interval)
            // What was freed must not count as used: else nobody would be let in again after a flood.
            if self.level != .calm { self.trim() }
            _ = self.look()
        }
    }
}
