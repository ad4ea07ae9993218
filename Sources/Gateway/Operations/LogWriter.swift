import Dispatch
import Foundation
import Glibc
import Synchronization

/// Brings log lines to standard error on a thread of its own, so that nobody who logs waits for whoever reads the log.
///
/// Lines wait in a queue of at most ``maxBytes``; when that is full, new ones are dropped and counted until half of it is
/// free, and then a line in their place says how many. The lines that are written keep their order.
final class LogWriter: Sendable {
    /// Lines that wait: a reader that is restarted may be away for some 20,000 of them, and they are not felt in any
    /// memory budget.
    static let maxBytes = 4 << 20
    /// How long the process waits at its end for whoever reads the log.
    static let lastWait: Duration = .milliseconds(500)

    private struct State: Sendable {
        var lines: [[UInt8]] = []
        var bytes = 0
        /// Since the last line that was taken.
        var dropped = 0
        /// Nothing is taken until there is room again.
        var isFull = false
        /// The thread runs.
        var isStarted = false
        /// The thread has lines that are not written yet.
        var isWriting = false
        /// Who waits until everything is written.
        var waiters: [DispatchSemaphore] = []

        mutating func append(_ line: [UInt8]) {
            lines.append(line)
            bytes += line.count
        }
    }

    private let state = Mutex(State())
    private let bell = DispatchSemaphore(value: 0)
    private let descriptor: CInt
    private let maxBytes: Int
    private let settings: LogSettings

    init(_ settings: LogSettings, descriptor: CInt = STDERR_FILENO, maxBytes: Int = LogWriter.maxBytes) {
        self.settings = settings
        self.descriptor = descriptor
        self.maxBytes = maxBytes
    }

    /// Takes a whole line with its end.
    ///
    /// Never waits for the reader; any thread.
    func write(_ line: [UInt8]) {
        let rings = self.state.withLock { state in
            if state.isFull, state.bytes <= self.maxBytes / 2 { state.isFull = false }
            guard !state.isFull, state.bytes + line.count <= self.maxBytes else {
                state.isFull = true
                state.dropped += 1
                self.settings.lineDropped()
                return false
            }
            let wasEmpty = state.lines.isEmpty
            self.tellDropped(&state)
            state.append(line)
            if !state.isStarted {
                state.isStarted = true
                let thread = Thread { [self] in self.run() }
                thread.name = "log"
                thread.start()
            }
            return wasEmpty && !state.isWriting
        }
        if rings { self.bell.signal() }
    }

    /// Waits until everything is written that was taken before, at most so long.
    ///
    /// Blocks its thread: for the end of the process only. Returns whether the reader has taken it all.
    @discardableResult
    func flush(within limit: Duration = LogWriter.lastWait) -> Bool {
        let semaphore = DispatchSemaphore(value: 0)
        let isDone = self.state.withLock { state in
            guard !state.lines.isEmpty || state.isWriting else { return true }
            state.waiters.append(semaphore)
            return false
        }
        if isDone { return true }
        return semaphore.wait(timeout: .now() + limit / .seconds(1)) == .success
    }

    private func tellDropped(_ state: inout State) {
        guard state.dropped > 0 else { return }
        state.append(
            GatewayLogHandler.line(
                .warning, "\(state.dropped) log lines dropped: whoever reads the log was too slow", [:],
                self.settings.form))
        state.dropped = 0
    }

    // MARK: - The thread

    private func run() -> Never {
        while true {
            let lines = self.state.withLock { state -> [[UInt8]] in
                // The reader goes on, and maybe nobody has anything more to say.
                if state.lines.isEmpty { self.tellDropped(&state) }
                state.isWriting = !state.lines.isEmpty
                if !state.isWriting {
                    for waiter in state.waiters { waiter.signal() }
                    state.waiters = []
                }
                defer { state.lines = [] }
                return state.lines
            }
            if lines.isEmpty { self.bell.wait() }
            for line in lines {
                // Where it cannot be written the line is lost, and the next one may not be.
                if !BlockingOutput.write(line, to: self.descriptor) { self.settings.lineDropped() }
                // Only now: what the thread holds counts as long as it is not written.
                self.state.withLock { $0.bytes -= line.count }
            }
        }
    }
}
