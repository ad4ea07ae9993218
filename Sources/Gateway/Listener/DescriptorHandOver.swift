import ClientAddress
import Glibc
import NIOCore
import NIOPosix
import OpenSSLTLS
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

    /// Adopts a descriptor on the shard's loop; `body` gets the new connection there, before any read.
    static func adopt(
        _ handOver: ConnectionHandOver, on shard: ShardHandle, listener: ListenerContext,
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
                    let connection = Connection(shard: shard, listener: listener, from: handOver)
                    do {
                        try channel.pipeline.syncOperations.addHandler(connection)
                    } catch {
                        connection.close(.done)
                        throw error
                    }
                    body(connection)
                }
            }
            .withConnectedSocket(handOver.descriptor)
            .whenFailure { _ in
                // Once there is a channel the descriptor is its own to close, and the connection lets go of its permit.
                guard !isAdopted.isRaised else { return }
                _ = Glibc.close(handOver.descriptor)
                if let permit = handOver.permit { shard.shard.core.admission.release(permit, now: .now) }
            }
    }

    private final class Flag: Sendable {
        private let value = Atomic(false)
        var isRaised: Bool { self.value.load(ordering: .relaxed) }
        func raise() { self.value.store(true, ordering: .relaxed) }
    }
}

/// A connection on its way to another loop.
///
/// Not Sendable by itself: whoever hands it over lets go of it, and ``TLSEngine`` has no affinity to a thread.
struct ConnectionHandOver: @unchecked Sendable {
    let descriptor: CInt
    /// The engine goes along: the records of a connection must be written by one side only.
    let engine: TLSEngine?
    let peerAddress: IPAddress?
    let permit: Admission.Permit?
}

/// Keeps what arrives on a connection between the decision to move it and its leaving.
///
/// That is what one read had already brought: reading is paused meanwhile.
final class HandOverStream: ByteStream {
    private(set) var bytes: ByteBuffer

    init(_ bytes: ByteBuffer) {
        self.bytes = bytes
    }

    override func received(_ bytes: UnsafeMutableRawBufferPointer) {
        self.bytes.writeBytes(UnsafeRawBufferPointer(bytes))
    }
}
