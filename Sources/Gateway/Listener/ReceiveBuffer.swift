import NIOCore

/// The one receive buffer that all connections of a loop take turns with.
///
/// A channel's own pool would keep 2 KiB for every idle connection; this keeps 64 KiB a loop. A buffer is given away for
/// the duration of one read and given back after the bytes have been used.
final class ReceiveBuffer {
    static let capacity = 65_536

    private var spare: ByteBuffer?

    func take() -> ByteBuffer {
        guard var buffer = self.spare.take() else { return ByteBufferAllocator().buffer(capacity: Self.capacity) }
        buffer.clear()
        return buffer
    }

    func giveBack(_ buffer: ByteBuffer) {
        guard buffer.capacity >= Self.capacity else { return }
        self.spare = buffer
    }
}

/// Hands the loop's ``ReceiveBuffer`` to a channel, read by read.
///
/// SwiftNIO's pool holds on to the first buffer that a channel was given for the life of the channel, so the first one is
/// as small as can be: a connection's first read is cut there, and continues in the shared buffer.
struct ReceiveAllocator: RecvByteBufferAllocator {
    private static let firstRead = 64

    private let shared: NIOLoopBound<ReceiveBuffer>
    private var hasRead = false

    init(_ shared: NIOLoopBound<ReceiveBuffer>) {
        self.shared = shared
    }

    func buffer(allocator: ByteBufferAllocator) -> ByteBuffer {
        self.hasRead ? self.shared.value.take() : allocator.buffer(capacity: Self.firstRead)
    }

    /// `true` makes the channel ask for a buffer each time instead of keeping one of its own.
    mutating func record(actualReadBytes: Int) -> Bool {
        self.hasRead = true
        return true
    }
}
