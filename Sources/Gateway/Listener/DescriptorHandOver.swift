import Glibc
import NIOCore
import NIOPosix

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
        ClientBootstrap(group: shard.loop)
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let shard = shard.shard
                    try channel.syncOptions?.setOption(.recvAllocator, value: shard.receiveAllocator())
                    let connection = Connection(shard: shard, listener: listener)
                    try channel.pipeline.syncOperations.addHandler(connection)
                    body(connection)
                }
            }
            .withConnectedSocket(descriptor)
            .whenFailure { _ in _ = Glibc.close(descriptor) }
    }
}
