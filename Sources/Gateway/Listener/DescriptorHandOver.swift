import ClientAddress
import Glibc
import NIOCore
import OpenSSLTLS

/// Moves an open connection to the loop that owns its session.
///
/// A WebSocket may arrive on another loop than the long-polling session that it upgrades. A session lives on one loop for
/// life, so the connection goes there: its loop forgets the descriptor, and the other one watches it.
enum DescriptorHandOver {
    /// Serves a connection on the shard's loop; `body` gets it there, before any read.
    static func adopt(
        _ handOver: ConnectionHandOver, on shard: ShardHandle, listener: ListenerContext,
        _ body: @escaping @Sendable (Connection) -> Void
    ) {
        shard.execute { shard in
            let connection = Connection(shard: shard, listener: listener, from: handOver)
            if connection.open(handOver.descriptor) { body(connection) }
        }
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
