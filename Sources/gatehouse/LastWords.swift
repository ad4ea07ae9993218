import Dispatch
import Foundation
import Gateway

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
            _ = BlockingOutput.write(Array(text.utf8), to: STDERR_FILENO)
            said.signal()
        }
        thread.start()
        _ = said.wait(timeout: .now() + Self.wait / .seconds(1))
        Foundation.exit(code)
    }
}
