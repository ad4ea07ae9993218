import Glibc

/// Writing to a descriptor whose reader may be slow: waits for it, so it is for threads that may wait.
package enum BlockingOutput {
    /// Writes all of it, with one call as a rule, so that lines of other processes do not come into it.
    ///
    /// Returns `false` when nobody reads it any more, or there is no room on the disk: the rest is lost.
    package static func write(_ bytes: [UInt8], to descriptor: CInt) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if count < 0, errno == EAGAIN {
                // Somebody has made it non-blocking; whoever holds the other end decides how long this takes.
                var wanted = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&wanted, 1, -1)
            } else if count == 0 || errno != EINTR {
                return false
            }
        }
        return true
    }
}
