import struct NIOCore.ByteBuffer

/// Messages of a turn for polls that are answered when it ends: written one behind the other, and gone with the turn.
///
/// A packet of its own for each would be two allocations and a frame that no poll needs.
struct TurnText {
    /// A larger one is not kept: what was needed once must not stay for good.
    private static let largest = 65_536

    private var buffer = ByteBuffer()

    init() {}

    /// Bytes of memory that are held.
    var capacity: Int { self.buffer.capacity }

    /// Where a message stands; valid until the turn ends.
    struct Place {
        fileprivate var start: Int
        private(set) var length: Int

        fileprivate init(start: Int, length: Int) {
            self.start = start
            self.length = length
        }
    }

    /// Lets `body` write a message.
    mutating func append(_ body: (inout ByteBuffer) -> Void) -> Place {
        let start = self.buffer.writerIndex
        body(&self.buffer)
        return Place(start: start, length: self.buffer.writerIndex - start)
    }

    /// The bytes of a message, shared.
    func message(at place: Place) -> ByteBuffer {
        self.buffer.getSlice(at: place.start, length: place.length) ?? ByteBuffer()
    }

    /// The turn is over, and nobody asks for what was written in it.
    mutating func removeAll() {
        if self.buffer.capacity > Self.largest { self.buffer = ByteBuffer() } else { self.buffer.clear() }
    }
}
