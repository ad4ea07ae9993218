import Glibc

/// Writes to a connection's descriptor without the channel's outbound pipeline, which costs as much again as the kernel.
///
/// Order is kept by one rule: while the channel still holds bytes of this connection (``backlog``), nothing is written
/// directly; everything goes behind those bytes until the channel says that it has drained.
struct DirectWriter {
    enum Outcome: Hashable {
        /// So many bytes were taken; fewer than offered when the socket's buffer is full.
        case wrote(Int)
        /// The peer is gone (`EPIPE`, `ECONNRESET`, …): nothing more can be written.
        case failed(errno: CInt)
    }

    private static let flags = CInt(MSG_NOSIGNAL | MSG_DONTWAIT)

    /// Bytes that were handed to the channel and that the kernel has not taken yet.
    private(set) var backlog = 0

    /// Offers `bytes` to the kernel.
    ///
    /// Never blocks and never raises SIGPIPE.
    func write(_ bytes: UnsafeRawBufferPointer, to descriptor: CInt) -> Outcome {
        precondition(self.backlog == 0, "bytes of the backlog would be overtaken")
        return Self.offer(bytes, to: descriptor)
    }

    /// The same for who knows that there is no backlog.
    static func offer(_ bytes: UnsafeRawBufferPointer, to descriptor: CInt) -> Outcome {
        var written = 0
        while written < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
            let result = Glibc.send(descriptor, rest.baseAddress, rest.count, Self.flags)
            if result >= 0 {
                written += result
                // A short count means a full buffer: asking once more would only cost a call to hear EAGAIN.
                if result < rest.count { return .wrote(written) }
                continue
            }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .wrote(written)
            case let code: return .failed(errno: code)
            }
        }
        return .wrote(written)
    }

    /// `count` bytes were handed to the channel.
    mutating func queued(_ count: Int) {
        self.backlog += count
    }

    /// The kernel took `count` bytes of the backlog.
    ///
    /// Returns whether that was the last of it.
    mutating func drained(_ count: Int) -> Bool {
        self.backlog -= count
        return self.backlog == 0
    }
}
