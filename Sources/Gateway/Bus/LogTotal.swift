import Synchronization

/// What the logs of all namespaces hold together, in bytes.
final class LogTotal: Sendable {
    private let count = Atomic(0)

    var bytes: Int { self.count.load(ordering: .relaxed) }

    func add(_ bytes: Int) { self.count.wrappingAdd(bytes, ordering: .relaxed) }
}
