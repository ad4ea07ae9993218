import Glibc
import Logging
import NIOPosix
import Synchronization
import Testing

@testable import Gateway

@Suite struct ServiceNotifierTests {
    /// A service manager's end: a datagram socket that is really there.
    private final class Manager: Sendable {
        let descriptor: CInt

        init(_ address: UnixAddress) throws {
            self.descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue), 0)
            var limit = timeval(tv_sec: 20, tv_usec: 0)
            setsockopt(self.descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
            let bound = address.withSockaddr { bind(self.descriptor, $0, $1) }
            try #require(bound == 0)
        }

        deinit { close(self.descriptor) }

        func next() -> String {
            var bytes = [UInt8](repeating: 0, count: 4_096)
            let count = recv(self.descriptor, &bytes, bytes.count, 0)
            return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
        }

        /// Whatever has come by now.
        func drain() -> [String] {
            var all: [String] = []
            var bytes = [UInt8](repeating: 0, count: 4_096)
            while true {
                let count = recv(self.descriptor, &bytes, bytes.count, CInt(MSG_DONTWAIT))
                guard count > 0 else { return all }
                all.append(String(decoding: bytes.prefix(count), as: UTF8.self))
            }
        }
    }

    private static func name(_ what: String) -> String { "@gatehouse-test-\(getpid())-\(what)" }

    private func notifier(_ socket: String, _ more: [String: String] = [:]) -> ServiceNotifier {
        ServiceNotifier(environment: ["NOTIFY_SOCKET": socket].merging(more) { $1 }, pid: 42)
    }

    @Test func `states arrive as lines of one datagram, by an abstract name`() throws {
        let name = Self.name("lines")
        let manager = try Manager(#require(UnixAddress(notify: name)))
        self.notifier(name).send(.ready, .status("serving on\n127.0.0.1:1"))
        #expect(manager.next() == "READY=1\nSTATUS=serving on127.0.0.1:1")
        self.notifier(name).send(.reloading(monotonic: 7))
        #expect(manager.next() == "RELOADING=1\nMONOTONIC_USEC=7")
        self.notifier(name).send(.stopping)
        #expect(manager.next() == "STOPPING=1")
    }

    @Test func `states arrive at a path`() throws {
        let path = "/tmp/gatehouse-notify-\(getpid()).sock"
        unlink(path)
        defer { unlink(path) }
        let manager = try Manager(#require(UnixAddress(notify: path)))
        self.notifier(path).send(.watchdog)
        #expect(manager.next() == "WATCHDOG=1")
    }

    @Test(arguments: ["", "relative", "@", "/" + String(repeating: "x", count: 200), "vsock:2:1234"])
    func `an address that is none does no harm`(address: String) {
        self.notifier(address).send(.ready)
    }

    @Test func `the watchdog is for us only if it says so`() {
        #expect(self.notifier("@x", ["WATCHDOG_USEC": "10000000"]).watchdogInterval == .seconds(5))
        #expect(self.notifier("@x", ["WATCHDOG_USEC": "10000000", "WATCHDOG_PID": "42"]).watchdogInterval != nil)
        #expect(self.notifier("@x", ["WATCHDOG_USEC": "10000000", "WATCHDOG_PID": "43"]).watchdogInterval == nil)
        #expect(self.notifier("@x", ["WATCHDOG_USEC": "-5"]).watchdogInterval == nil)
        #expect(self.notifier("@x").watchdogInterval == nil)
        #expect(ServiceNotifier(environment: ["WATCHDOG_USEC": "10"], pid: 42).watchdogInterval == nil)
    }

    /// Collects what is logged.
    private final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        func add(_ line: String) { self.lines.withLock { $0.append(line) } }
        var all: [String] { self.lines.withLock { $0 } }
    }

    private struct Collector: LogHandler {
        let lines: Lines
        var logLevel = Logger.Level.trace
        var metadata: Logger.Metadata = [:]
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { self.metadata[key] }
            set { self.metadata[key] = newValue }
        }
        func log(event: LogEvent) { self.lines.add("\(event.message)") }
    }

    @Test(.timeLimit(.minutes(5)))
    func `R6 a loop that is stuck is named in the log, and the service manager is not told that all is well`()
        async throws
    {
        let name = Self.name("watchdog")
        let manager = try Manager(#require(UnixAddress(notify: name)))
        let notifier = self.notifier(name, ["WATCHDOG_USEC": "400000"])
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let loops = Array(group.makeIterator())
        let lines = Lines()
        let logger = Logger(label: "test") { _ in Collector(lines: lines) }
        let figures = OperationFigures()
        let watching = Task {
            await LoopWatchdog(loops: loops, notifier: notifier, figures: figures, logger: logger).run()
        }
        #expect(manager.next() == "WATCHDOG=1")
        // What a loop must never do.
        let mayGoOn = Blocker()
        loops[1].execute { mayGoOn.wait() }
        while !lines.all.contains(where: { $0.hasPrefix("event loop 1 has not answered") }) {
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(figures.snapshot(generation: 1, droppedLogLines: 0).stalls >= 1)
        // Not yet stuck: it goes on being fed until five seconds have passed. Then there is silence.
        let stuckSince = ContinuousClock.now
        while stuckSince.duration(to: .now) < LoopWatch.stuck { try await Task.sleep(for: .milliseconds(50)) }
        _ = manager.drain()
        let silentSince = ContinuousClock.now
        while silentSince.duration(to: .now) < .seconds(1) { try await Task.sleep(for: .milliseconds(50)) }
        #expect(manager.drain().isEmpty)
        mayGoOn.release()
        #expect(manager.next() == "WATCHDOG=1")
        while !lines.all.contains(where: { $0.hasPrefix("event loop 1 answers again") }) {
            try await Task.sleep(for: .milliseconds(20))
        }
        watching.cancel()
        await watching.value
        try await group.shutdownGracefully()
    }

    /// Blocks a thread until it is released.
    private final class Blocker: @unchecked Sendable {
        private let semaphore: UnsafeMutablePointer<sem_t>

        init() {
            self.semaphore = .allocate(capacity: 1)
            sem_init(self.semaphore, 0, 0)
        }

        deinit {
            sem_destroy(self.semaphore)
            self.semaphore.deallocate()
        }

        func wait() { while sem_wait(self.semaphore) != 0 {} }
        func release() { sem_post(self.semaphore) }
    }
}
