import Dispatch
import Foundation

/// What a command says on standard error before it ends: whoever reads it may have stopped, and the end does not wait
/// for that.
enum LastWords {
    /// As long as the log is waited for at the end: a reader that is there takes a line in less.
    static let wait: Duration = .milliseconds(500)

    /// Says that, and ends the process with that code.
    static func exit(_ code: Int32, saying text: String) -> Never {
        let said = DispatchSemaphore(value: 0)
        // Another thread, because a pipe that is full holds whoever writes to it.
        let thread = Thread {
            Self.write(text)
            said.signal()
        }
        thread.start()
        _ = said.wait(timeout: .now() + Self.wait / .seconds(1))
        Foundation.exit(code)
    }

    private static func write(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if count < 0, errno == EAGAIN {
                // Somebody has made it non-blocking.
                var wanted = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
                _ = poll(&wanted, 1, -1)
            } else if count == 0 || errno != EINTR {
                return
            }
        }
    }
}
