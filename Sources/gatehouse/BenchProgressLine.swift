import Foundation
import LoadGenerator

/// What a benchmark is at, on standard error: one line that is written over on a terminal, a line every five seconds
/// elsewhere.
///
/// Never waits for whoever reads it: the measuring would wait too.
final class BenchProgressLine {
    private let isTerminal = isatty(STDERR_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
    private var words = 0

    func show(_ progress: LoadProgress) {
        self.words += 1
        guard self.isTerminal || self.words % 5 == 0 else { return }
        let seconds = Int(progress.elapsed / .seconds(1))
        var text = "\(progress.phase.rawValue)  \(seconds) s  \(progress.ready)/\(progress.wanted) clients"
        if progress.failed > 0 { text += "  \(progress.failed) failed" }
        if progress.messagesPerSecond > 0 {
            text += "  \(Int(progress.messagesPerSecond)) a second"
            text += "  p50 \(Duration.text(nanoseconds: progress.histogram.percentile(0.5)))"
            text += "  p99 \(Duration.text(nanoseconds: progress.histogram.percentile(0.99)))"
        }
        self.write(self.isTerminal ? "\r\u{1B}[K\(text.prefix(self.columns - 1))" : "\(text)\n")
    }

    func clear() {
        if self.isTerminal, self.words > 0 { self.write("\r\u{1B}[K") }
    }

    /// A line that wraps cannot be written over.
    private var columns: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 1 else { return 80 }
        return Int(size.ws_col)
    }

    private func write(_ text: String) {
        var wanted = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
        guard poll(&wanted, 1, 0) == 1, wanted.revents & Int16(POLLOUT) != 0 else { return }
        // Shorter than what a pipe that takes something is sure to take.
        let bytes = Array(text.utf8)
        _ = Glibc.write(STDERR_FILENO, bytes, bytes.count)
    }
}
