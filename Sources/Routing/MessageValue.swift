package import struct NIOCore.ByteBuffer

/// A message without an event name, as a raw WebSocket carries it.
package enum MessageValue: Hashable, Sendable {
    /// UTF-8.
    case text(ByteBuffer)
    case binary(ByteBuffer)
}
