import struct NIOCore.ByteBuffer

/// Memory that is built in again and again: whoever needs a buffer for a moment allocates none.
struct SpareBuffer {
    /// A larger one is not kept: what was needed once must not stay for good.
    private static let largest = 65_536

    private var buffer = ByteBuffer()

    init() {}

    /// An empty buffer; one that somebody still reads from is left to them.
    mutating func take() -> ByteBuffer {
        var taken = ByteBuffer()
        swap(&taken, &self.buffer)
        taken.clear()
        return taken
    }

    /// What was taken is not needed any more, at least not by the one who took it.
    mutating func giveBack(_ buffer: ByteBuffer) {
        if buffer.capacity <= Self.largest { self.buffer = buffer }
    }
}
