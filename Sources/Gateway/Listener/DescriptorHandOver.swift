import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// Moves an open connection to the loop that owns its session.
///
/// A WebSocket may arrive on another loop than the long-polling session that it upgrades. A session lives on one loop for
/// life, so the connection goes there: its descriptor is duplicated, the old channel closes its own copy (which the peer
/// does not notice), and the new loop adopts the duplicate.
enum DescriptorHandOver {
    /// A duplicate that is not inherited by child processes, or -1.
    static func duplicate(_ descriptor: CInt) -> CInt {
        fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
    }

    /// Adopts `descriptor` on the shard's loop; `body` gets the new connection there, before any read.
    static func adopt(
        _ descriptor: CInt, on shard: ShardHandle, listener: ListenerContext,
        _ body: @escaping @Sendable (Connection) -> Void
    ) {
        let isAdopted = Flag()
        ClientBootstrap(group: shard.loop)
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                isAdopted.raise()
                return channel.eventLoop.makeCompletedFuture {
                    let shard = shard.shard
                    try channel.syncOptions?.setOption(.recvAllocator, value: shard.receiveAllocator())
                    let connection = Connection(shard: shard, listener: listener)
                    try channel.pipeline.syncOperations.addHandler(connection)
                    body(connection)
                }
            }
            .withConnectedSocket(descriptor)
            // Once there is a channel the descriptor is its own to close.
            .whenFailure { _ in if !isAdopted.isRaised { _ = Glibc.close(descriptor) } }
    }

    private final class Flag: Sendable {
        private let value = Atomic(false)
        var isRaised: Bool { self.value.load(ordering: .relaxed) }
        func raise() { self.value.store(true, ordering: .relaxed) }
    }
}
