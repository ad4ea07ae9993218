public import Dispatch
public import NIOCore
import Synchronization

/// Several ``EpollEventLoop``s, a thread each.
public final class EpollEventLoopGroup: EventLoopGroup {
    public let loops: [EpollEventLoop]
    private let turn = Atomic(0)

    /// Throws `IOError` when there are no descriptors or threads for them.
    public init(count: Int) throws {
        precondition(count > 0)
        self.loops = try (0..<count).map { try EpollEventLoop(name: "loop-\($0)") }
    }

    /// One loop after the other.
    public func next() -> any EventLoop {
        let turn = self.turn.wrappingAdd(1, ordering: .relaxed).oldValue
        return self.loops[Int(UInt(bitPattern: turn) % UInt(self.loops.count))]
    }

    public func makeIterator() -> EventLoopIterator { EventLoopIterator(self.loops) }

    public func shutdownGracefully(queue: DispatchQueue, _ callback: @escaping @Sendable ((any Error)?) -> Void) {
        let group = DispatchGroup()
        for loop in self.loops {
            group.enter()
            loop.shutdownGracefully(queue: queue) { _ in group.leave() }
        }
        group.notify(queue: queue) { callback(nil) }
    }
}
