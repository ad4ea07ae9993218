import NIOCore

/// The arguments that a client's callback was called with.
struct DedupeAnswer: Hashable, Sendable {
    var arguments: ByteBuffer
    var attachments: [ByteBuffer] = []

    var bytes: Int { self.attachments.reduce(self.arguments.readableBytes) { $0 + $1.readableBytes } }
}

/// An event that came once more while it was being handled.
struct RepeatedEvent: Sendable {
    var socket: NIOLoopBound<Socket>
    var ackID: UInt64
}
