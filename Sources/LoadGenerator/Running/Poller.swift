import CEpoll
import Glibc

/// Tells which descriptors can be read or written: epoll, level-triggered.
final class Poller {
    struct Readiness {
        let token: UInt64
        let isReadable: Bool
        let isWritable: Bool
    }

    private let descriptor: Int32
    private var events = [epoll_event](repeating: epoll_event(), count: 512)

    init() throws(LoadError) {
        self.descriptor = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard self.descriptor >= 0 else { throw LoadError("epoll", code: errno) }
    }

    deinit { close(self.descriptor) }

    func add(_ descriptor: Int32, token: UInt64, writable: Bool) throws(LoadError) {
        guard self.control(EPOLL_CTL_ADD, descriptor, token, writable) == 0 else {
            guard errno != ENOSPC else {
                throw LoadError("epoll: no more watches", advice: "raise fs.epoll.max_user_watches")
            }
            throw LoadError("epoll", code: errno)
        }
    }

    func change(_ descriptor: Int32, token: UInt64, writable: Bool) {
        _ = self.control(EPOLL_CTL_MOD, descriptor, token, writable)
    }

    private func control(_ operation: Int32, _ descriptor: Int32, _ token: UInt64, _ writable: Bool) -> Int32 {
        var event = epoll_event()
        event.events = EPOLLIN.rawValue | (writable ? EPOLLOUT.rawValue : 0)
        event.data.u64 = token
        return epoll_ctl(self.descriptor, operation, descriptor, &event)
    }

    /// Waits at most `milliseconds` and calls `body` for each descriptor that something happened to.
    func wait(milliseconds: Int32, _ body: (Readiness) -> Void) {
        let count = epoll_wait(self.descriptor, &self.events, Int32(self.events.count), milliseconds)
        guard count > 0 else { return }
        for index in 0..<Int(count) {
            let event = self.events[index]
            let broken = event.events & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0
            body(
                Readiness(
                    token: event.data.u64, isReadable: event.events & EPOLLIN.rawValue != 0 || broken,
                    isWritable: event.events & EPOLLOUT.rawValue != 0))
        }
    }
}

/// Nanoseconds of the monotonic clock.
func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
}
