import Glibc

/// Tells the service manager how the process is doing: sd_notify(3), a line per fact in one datagram.
///
/// Without `NOTIFY_SOCKET` it does nothing.
package struct ServiceNotifier: Sendable {
    enum State: Hashable, Sendable {
        case ready
        /// Since when, by the monotonic clock, in microseconds.
        case reloading(monotonic: UInt64)
        case stopping
        case watchdog
        /// For people, in `systemctl status`.
        case status(String)

        var line: String {
            switch self {
            case .ready: "READY=1"
            case .reloading(let monotonic): "RELOADING=1\nMONOTONIC_USEC=\(monotonic)"
            case .stopping: "STOPPING=1"
            case .watchdog: "WATCHDOG=1"
            case .status(let text): "STATUS=" + text.filter { !$0.isNewline }
            }
        }
    }

    private let address: UnixAddress?
    /// How often the service manager wants to hear from us; `nil`: it does not.
    let watchdogInterval: Duration?

    package init(environment: [String: String], pid: Int32) {
        self.address = environment["NOTIFY_SOCKET"].flatMap { UnixAddress(notify: $0) }
        // Half of the time that it would wait (sd_watchdog_enabled(3)).
        let micros = environment["WATCHDOG_USEC"].flatMap(Int64.init) ?? 0
        let isOurs = environment["WATCHDOG_PID"].map { Int32($0) == pid } ?? true
        self.watchdogInterval = micros > 0 && isOurs && self.address != nil ? .microseconds(micros / 2) : nil
    }

    /// Says several things at once.
    ///
    /// Never blocks for long: a manager that does not read is its own problem.
    func send(_ states: State...) {
        guard let address else { return }
        let message = Array(states.map(\.line).joined(separator: "\n").utf8)
        let kind = CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, kind, 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        _ = address.withSockaddr { sockaddr, length in
            message.withUnsafeBytes {
                sendto(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL), sockaddr, length)
            }
        }
    }

    /// Now, by the clock that `RELOADING=1` is to be stamped with.
    static func monotonicMicroseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(max(0, time.tv_sec)) * 1_000_000 + UInt64(max(0, time.tv_nsec)) / 1_000
    }
}
