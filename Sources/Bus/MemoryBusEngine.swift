import Synchronization

/// The bus of a single node: publications go to the subscribers in this process and nowhere else.
package final class MemoryBusEngine: BusEngine {
    private struct Line {
        var sequence = NamespaceSequence()
        var subscribers: [(key: UInt64, deliver: @Sendable (Publication, UInt64) -> Void)] = []
    }

    private struct State {
        var lines: [ExactName: Line] = [:]
        var nextKey: UInt64 = 0
    }

    private let state = Mutex(State())

    package init() {}

    @discardableResult
    package func publish(_ publication: Publication) -> UInt64 {
        // Delivering under the lock is what gives everyone the same order.
        let namespace = ExactName(publication.namespace)
        return state.withLock { state in
            let offset = state.lines[namespace, default: Line()].sequence.next()
            for subscriber in state.lines[namespace]?.subscribers ?? [] {
                subscriber.deliver(publication, offset)
            }
            return offset
        }
    }

    package func subscribe(
        to namespace: String, _ deliver: @escaping @Sendable (Publication, _ offset: UInt64) -> Void
    ) -> BusSubscription {
        let namespace = ExactName(namespace)
        let key = state.withLock { state in
            state.nextKey += 1
            state.lines[namespace, default: Line()].subscribers.append((state.nextKey, deliver))
            return state.nextKey
        }
        return BusSubscription { [weak self] in
            self?.state.withLock { $0.lines[namespace]?.subscribers.removeAll { $0.key == key } }
        }
    }
}
