import Glibc
import Synchronization

/// A signal that asks a command to end with what it has: the first one, as a second one ends the process at once.
enum Interruption {
    private static let number = Atomic<Int32>(0)

    /// From here on.
    static func listen() {
        // Made now: a signal handler must not be the first to touch it.
        self.number.store(0, ordering: .relaxed)
        for kind in [SIGINT, SIGTERM] {
            Glibc.signal(kind) { number in
                Interruption.number.store(number, ordering: .relaxed)
                Glibc.signal(number, SIG_DFL)
            }
        }
    }

    static var signal: Int32? {
        let number = self.number.load(ordering: .relaxed)
        return number == 0 ? nil : number
    }

    /// As a shell tells it.
    static var exitCode: Int32? { self.signal.map { 128 + $0 } }
}
