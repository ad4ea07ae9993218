import NIOCore
import WebSocketProtocol

/// What one WebSocket has agreed on, and what it needs for that.
final class StreamDeflate {
    /// Receivers that get the same bytes of a broadcast.
    struct Kind: Hashable {
        let windowBits: Int
        /// Smallest message, in bytes, that is compressed.
        let threshold: Int
    }

    let kind: Kind
    private let pool: DeflatePool
    private let inflater: MessageInflater?
    private let deflater: MessageDeflater?

    init(_ parameters: DeflateParameters, threshold: Int, pool: DeflatePool) {
        // With 8 bits we do as with 9, and so they share; see `MessageDeflater`.
        self.kind = Kind(windowBits: max(parameters.serverWindowBits, 9), threshold: threshold)
        self.pool = pool
        self.inflater =
            parameters.clientNoContextTakeover ? nil : MessageInflater(windowBits: parameters.clientWindowBits)
        self.deflater = parameters.serverNoContextTakeover ? nil : MessageDeflater(windowBits: self.kind.windowBits)
    }

    /// Whether it gets the same frames as others of its kind; otherwise each is compressed for it alone.
    var isShared: Bool { self.deflater == nil }

    func inflate(
        _ payload: UnsafeRawBufferPointer, isText: Bool, limit: Int, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(WebSocketError) {
        try self.pool.inflate(payload, isText: isText, limit: limit, own: self.inflater, body)
    }

    /// The compressed frame for this connection; nil when the message is better sent as it is.
    func frame(_ opcode: Opcode, _ payload: UnsafeRawBufferPointer) -> ByteBuffer? {
        guard payload.count >= self.kind.threshold else { return nil }
        return self.pool.frame(opcode, payload, windowBits: self.kind.windowBits, own: self.deflater)
    }
}
