import EpollLoop
import NIOCore

/// A shard as other threads see it: its loop, its inbox, and a way to run something there.
final class ShardHandle: Sendable {
    let index: Int
    let loop: EpollEventLoop
    let inbox = Inbox()
    private let box: NIOLoopBoundBox<Shard?>

    init(index: Int, loop: EpollEventLoop) {
        self.index = index
        self.loop = loop
        self.box = NIOLoopBoundBox.makeEmptyBox(valueType: Shard.self, eventLoop: loop)
    }

    /// Called once, on the loop, before anything else runs there.
    func install(_ shard: Shard) {
        self.box.value = shard
    }

    /// The shard itself; on its loop only.
    var shard: Shard { self.box.value! }

    /// Runs `body` on the loop, later in this turn or in the next.
    func execute(_ body: @escaping @Sendable (Shard) -> Void) {
        self.loop.execute { body(self.shard) }
    }

    /// Runs `body` on the loop and waits for its result.
    func submit<Result: Sendable>(_ body: @escaping @Sendable (Shard) -> Result) async throws -> Result {
        try await self.loop.submit { body(self.shard) }.get()
    }

    /// Leaves an item of the bus for this shard.
    ///
    /// Called under the lock of the namespace's sequencer.
    func push(_ item: BusItem) {
        guard self.inbox.push(item) else { return }
        if self.loop.inEventLoop {
            self.shard.turnNeeded()
        } else {
            self.execute { $0.turnNeeded() }
        }
    }
}
