import Configuration
import NIOCore
import WebSocketProtocol

/// What the WebSockets of a loop compress and inflate with, one message after the other.
///
/// Their messages are compressed each by itself, so nothing has to be kept for a connection: an idle one costs no more than
/// its ``StreamDeflate``. Everything is made when it is first needed.
final class DeflatePool {
    /// Larger messages go as they are: compressing one would hold up everyone else of the loop for several milliseconds.
    static let maxBytes = 262_144
    /// What is kept from a large message for the next one.
    private static let maxSpare = 262_144

    private var inflater: MessageInflater?
    /// By window bits: zlib's own are 9 to 15.
    private var deflaters: [Int: MessageDeflater] = [:]
    private var spare = ByteBuffer()

    /// What a WebSocket needs that has agreed on `parameters`.
    func stream(
        _ parameters: DeflateParameters, _ options: GatewayConfiguration.PerMessageDeflate?
    ) -> StreamDeflate {
        StreamDeflate(parameters, threshold: options?.threshold ?? 0, pool: self)
    }

    /// Gives `body` what a compressed message comes to; the bytes are valid until it returns.
    ///
    /// `own`: the inflater of a client that takes its context over.
    func inflate(
        _ payload: UnsafeRawBufferPointer, isText: Bool, limit: Int, own: MessageInflater?,
        _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(WebSocketError) {
        if own == nil, self.inflater == nil { self.inflater = MessageInflater() }
        // There is none without memory; then the message is more than we can take.
        guard let inflater = own ?? self.inflater else { throw .messageTooBig }
        // Taken out, because `body` may set off that another WebSocket's messages are read.
        var output = ByteBuffer()
        swap(&output, &self.spare)
        defer { if output.capacity <= Self.maxSpare { swap(&output, &self.spare) } }
        try inflater.inflate(payload, isText: isText, limit: limit, keepsContext: own != nil, into: &output)
        output.withUnsafeReadableBytes(body)
    }

    /// A compressed frame; nil when nothing is saved by it.
    ///
    /// `own`: the deflater of a connection whose context we take over.
    func frame(
        _ opcode: Opcode, _ payload: UnsafeRawBufferPointer, windowBits: Int, own: MessageDeflater? = nil
    ) -> ByteBuffer? {
        guard payload.count <= Self.maxBytes, let deflater = own ?? self.deflater(windowBits) else { return nil }
        var saved = false
        let frame = FrameEncoder.frame(opcode, isCompressed: true, reserving: payload.count + 64) { buffer in
            saved = deflater.deflate(payload, keepsContext: own != nil, into: &buffer)
        }
        return saved ? frame.buffer : nil
    }

    private func deflater(_ windowBits: Int) -> MessageDeflater? {
        if let known = self.deflaters[windowBits] { return known }
        let deflater = MessageDeflater(windowBits: windowBits)
        self.deflaters[windowBits] = deflater
        return deflater
    }
}

extension DeflatePolicy {
    init(_ options: GatewayConfiguration.PerMessageDeflate) {
        self.init(
            serverNoContextTakeover: options.serverNoContextTakeover,
            clientNoContextTakeover: options.clientNoContextTakeover,
            serverMaxWindowBits: options.serverMaxWindowBits, clientMaxWindowBits: options.clientMaxWindowBits)
    }
}
