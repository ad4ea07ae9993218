import CEpoll
import Glibc

/// Tells what has become readable or writable: epoll, edge-triggered, so that nothing is asked for twice.
///
/// Who hears of something reads until there is no more, and writes until the kernel has no room.
final class Poller {
    struct Readiness {
        let token: UInt64
        let isReadable: Bool
        /// The other side has ended it, or it is broken: there may be an end behind the last bytes.
        let hasEnd: Bool
    }

    private static let capacity = 512
    private static let interest =
        EPOLLIN.rawValue | EPOLLOUT.rawValue | EPOLLRDHUP.rawValue | UInt32(truncatingIfNeeded: EPOLLET.rawValue)

    private let descriptor: Int32
    private let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: Poller.capacity)

    init() throws(LoadError) {
        self.descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard self.descriptor >= 0 else { throw LoadError("epoll", code: errno) }
    }

    deinit {
        self.events.deallocate()
        close(self.descriptor)
    }

    /// Until the descriptor is closed.
    func add(_ descriptor: Int32, token: UInt64) throws(LoadError) {
        guard self.control(EPOLL_CTL_ADD, descriptor, token) == 0 else {
            guard errno != ENOSPC else {
                throw LoadError("epoll: no more watches", advice: "raise fs.epoll.max_user_watches")
            }
            throw LoadError("epoll", code: errno)
        }
    }

    /// Tells once more what holds now: for who has left something unread.
    func repeatReadiness(_ descriptor: Int32, token: UInt64) {
        _ = self.control(EPOLL_CTL_MOD, descriptor, token)
    }

    private func control(_ operation: Int32, _ descriptor: Int32, _ token: UInt64) -> Int32 {
        var event = epoll_event()
        event.events = Self.interest
        event.data.u64 = token
        return epoll_ctl(self.descriptor, operation, descriptor, &event)
    }

    /// Waits at most `milliseconds` and calls `body` for each descriptor that something happened to.
    func wait(milliseconds: Int32, _ body: (Readiness) -> Void) {
        let count = epoll_wait(self.descriptor, self.events, Int32(Self.capacity), milliseconds)
        guard count > 0 else { return }
        for index in 0..<Int(count) {
            let event = self.events[index]
            let end = event.events & (EPOLLERR.rawValue | EPOLLHUP.rawValue | EPOLLRDHUP.rawValue) != 0
            body(
                Readiness(
                    token: event.data.u64, isReadable: end || event.events & EPOLLIN.rawValue != 0, hasEnd: end))
        }
    }
}

/// Nanoseconds of the monotonic clock.
func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
}
