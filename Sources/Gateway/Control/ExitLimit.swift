import Dispatch
import Foundation
import Glibc
import Synchronization

/// Ends the process when its way out has not ended by itself, whatever hangs.
///
/// On a thread of its own, because what hangs may be an event loop, or the threads that tasks run on.
final class ExitLimit: Sendable {
    /// How much later than `drain.hardStop`: the steps that end by then have told what they could not do.
    static let margin: Duration = .seconds(2)
    /// Of the process: a failure, as its clients and events were not brought to their end.
    static let exitCode: CInt = 1

    private let isArmed = Atomic(false)
    private let bell = DispatchSemaphore(value: 0)
    private let expired: @Sendable () -> Void

    /// - Parameter expired: ends the process; on the limit's thread.
    init(expired: @escaping @Sendable () -> Void) { self.expired = expired }

    /// The process was asked to end: from here on it has so long.
    ///
    /// Only the first call counts.
    func arm(_ limit: Duration) {
        guard !self.isArmed.exchange(true, ordering: .relaxed) else { return }
        let thread = Thread { [self] in
            let end = DispatchTime.now() + limit / .seconds(1)
            if self.bell.wait(timeout: end) == .timedOut { self.expired() }
        }
        thread.name = "exit limit"
        thread.start()
    }

    /// The way out has ended in time.
    func disarm() { self.bell.signal() }
}
