package import struct NIOCore.ByteBuffer

/// An event on its way to the members of a namespace, wherever they are connected.
package struct Publication: Hashable, Sendable {
    package var namespace: String
    package var target: Target
    /// The event as a JSON array, `["name",arg,…]`, with placeholders for binary.
    package var event: ByteBuffer
    /// What the placeholders stand for, in order.
    package var attachments: [ByteBuffer]
    /// May be dropped for a member that cannot take it now; is not kept in history.
    package var volatile: Bool
    /// May be compressed by transports that can.
    package var compress: Bool

    package init(
        namespace: String, target: Target, event: ByteBuffer, attachments: [ByteBuffer] = [], volatile: Bool = false,
        compress: Bool = true
    ) {
        self.namespace = namespace
        self.target = target
        self.event = event
        self.attachments = attachments
        self.volatile = volatile
        self.compress = compress
    }
}
