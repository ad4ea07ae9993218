import NIOCore
import Synchronization

/// The memory of repeats of all routes with `dedupe`, in parts that event loops use without waiting for each other.
///
/// A session has its part by its id, not by its event loop: it is known again when it comes back on another one. With the
/// parts used by chance, two loops rarely meet, and then for the time that one event takes.
final class RepeatedEvents: Sendable {
    typealias Key = Deduplication<RepeatedEvent>.Key

    /// As many that loops rarely meet, and as few that a part is some times what one session may take of it.
    static let partCount = 16
    /// Of all answers together: those of 100,000 events with short acks.
    static let maxBytes = 64 << 20

    private final class Part: Sendable {
        let table = Mutex(Deduplication<RepeatedEvent>(maxBytes: RepeatedEvents.maxBytes / RepeatedEvents.partCount))
    }

    private let parts = (0..<partCount).map { _ in Part() }

    func arrived(
        _ key: Key, _ waiter: RepeatedEvent?, now: ContinuousClock.Instant
    ) -> Deduplication<RepeatedEvent>.Arrival {
        self.part(of: key).table.withLock { $0.arrived(key, waiter, now: now) }
    }

    func finish(_ key: Key, _ answer: DedupeAnswer?, now: ContinuousClock.Instant) -> [RepeatedEvent] {
        self.part(of: key).table.withLock { $0.finish(key, answer, now: now) }
    }

    private func part(of key: Key) -> Part {
        self.parts[Int(UInt(bitPattern: key.session.hashValue) % UInt(Self.partCount))]
    }
}
