import EngineIO
import NIOCore
import WebSocketProtocol

/// WebSocket on one connection: frames in, messages to the ``WebSocketOwner``, frames out.
final class WebSocketStream: ByteStream {
    /// Bytes that are kept while the session does not want any: what one or two reads bring.
    private static let maxLeftover = 131_072
    /// How long a message may be incomplete: somebody makes us keep it.
    private static let messageTimeout: Duration = .seconds(30)
    /// How often that is looked at once another message has begun meanwhile.
    private static let messageLook: Duration = .seconds(5)
    /// How long the peer may take to answer our close frame; with the connection's own linger it is gone within 5 s.
    private static let closeTimeout: Duration = .seconds(2)

    private let connection: Connection
    private var decoder: FrameDecoder
    /// Of a WebSocket with permessage-deflate.
    let deflate: StreamDeflate?
    private let maxMessageSize: Int
    private var incompleteSince: ContinuousClock.Instant?
    /// While a timer looks after that.
    private var progressSlot: TimerSlot?
    private var owner: (any WebSocketOwner)?
    /// Bytes that arrived while the session did not want any.
    private var leftover = ByteBuffer()
    private var isPaused = false
    private var isDecoding = false
    private var isClosing = false
    /// Set while our close frame waits for its answer: nothing else that the peer sends counts any more.
    private var closing: TimerSlot?
    /// Pings of the peer since the last second began; control frames cost us answers.
    private var pings = PingBudget()

    init(
        connection: Connection, owner: (any WebSocketOwner)?, limits: FrameDecoder.Limits, deflate: StreamDeflate? = nil
    ) {
        self.connection = connection
        self.owner = owner
        self.deflate = deflate
        self.maxMessageSize = limits.maxMessageSize
        var limits = limits
        limits.allowsCompression = deflate != nil
        self.decoder = FrameDecoder(limits: limits)
    }

    override var heldBytes: Int {
        self.leftover.readableBytes + self.decoder.heldBytes + (self.owner?.heldBytes ?? 0)
    }

    override func received(_ bytes: UnsafeMutableRawBufferPointer) {
        guard !self.isClosing else { return self.awaitClose(bytes) }
        guard !self.isPaused, !self.isDecoding else {
            // More than two reads can come only when the peer has ended its side: then nobody waits for it any more.
            guard self.leftover.readableBytes <= Self.maxLeftover else { return }
            self.leftover.writeBytes(UnsafeRawBufferPointer(bytes))
            return
        }
        self.decode(bytes)
    }

    private func decode(_ bytes: UnsafeMutableRawBufferPointer) {
        self.isDecoding = true
        defer { self.isDecoding = false }
        var input = bytes
        do {
            while !self.isClosing {
                switch try self.decoder.next(&input) {
                case .needMore:
                    if !self.decoder.isInsideMessage {
                        self.incompleteSince = nil
                    } else if self.incompleteSince == nil {
                        self.incompleteSince = .now
                        if self.progressSlot == nil { self.watchProgress(after: Self.messageTimeout) }
                    }
                    return
                case .text(let payload) where self.decoder.isCompressed:
                    try self.deflate?.inflate(payload, isText: true, limit: self.maxMessageSize) {
                        self.owner?.receivedText($0, from: self)
                    }
                case .binary(let payload) where self.decoder.isCompressed:
                    try self.deflate?.inflate(payload, isText: false, limit: self.maxMessageSize) {
                        self.owner?.receivedBinary($0, from: self)
                    }
                case .text(let payload):
                    self.owner?.receivedText(payload, from: self)
                case .binary(let payload):
                    self.owner?.receivedBinary(payload, from: self)
                case .ping(let payload):
                    try self.answerPing(payload)
                case .pong:
                    self.owner?.receivedPong(from: self)
                case .close(let code, _):
                    return self.peerClosed(code)
                }
                if self.isPaused {
                    if !input.isEmpty { self.leftover.writeBytes(UnsafeRawBufferPointer(input)) }
                    return
                }
            }
            // Closed by the owner meanwhile: the peer's answer may be among the rest.
            self.isDecoding = false
            self.awaitClose(input)
        } catch {
            self.connection.shard.counters.parseErrorsWebSocket &+= 1
            self.fail(code: error.closeCode, reason: error.reason)
        }
    }

    private func answerPing(_ payload: UnsafeRawBufferPointer) throws(WebSocketError) {
        guard self.pings.take(now: .now) else { return self.fail(code: 1008, reason: "too many pings") }
        self.finishEarlierMessages()
        // A peer that does not read gets no more answers queued than fit; RFC 6455 5.5.3 allows leaving some out.
        guard self.connection.isWritable else { return }
        self.connection.send { FrameEncoder.write(.pong, payload, into: &$0) }
    }

    /// The messages before the last one are answered, however the bytes were split: what they have set off waits in the
    /// inbox for the end of the turn.
    private func finishEarlierMessages() {
        self.connection.shard.drainInbox()
    }

    private func peerClosed(_ code: UInt16?) {
        self.finishEarlierMessages()
        guard !self.isClosing else { return self.endClosing() }
        self.isClosing = true
        self.connection.send { FrameEncoder.close(code: code, into: &$0) }
        self.owner?.peerClosed(self, code: code)
        self.endOwner(.closed)
        self.connection.closeAfterFlush()
    }

    private func fail(code: UInt16, reason: String) {
        self.finishEarlierMessages()
        guard !self.isClosing else { return self.endClosing() }
        self.isClosing = true
        let reason = self.owner?.givesReasons == true ? reason : ""
        self.connection.send { FrameEncoder.close(code: code, reason: reason, into: &$0) }
        self.endOwner(.error)
        self.connection.closeAfterFlush()
    }

    private func endOwner(_ end: ConnectionEnd) {
        self.leftover = ByteBuffer()
        guard let owner = self.owner.take() else { return }
        owner.webSocketLost(self, end)
    }

    /// Our close frame is out: looks for the peer's, which ends the connection.
    private func awaitClose(_ bytes: UnsafeMutableRawBufferPointer) {
        guard self.closing != nil, !self.isDecoding else { return }
        var input = bytes
        while let decoded = try? self.decoder.next(&input) {
            switch decoded {
            case .needMore: return
            case .close: return self.endClosing()
            case .text, .binary, .ping, .pong: continue
            }
        }
        // Not even well-formed: nothing is to be expected any more.
        self.endClosing()
    }

    private func endClosing() {
        self.closing?.cancelAll()
        self.closing = nil
        self.connection.closeAfterFlush()
    }

    // MARK: - For the owner

    var isWritable: Bool { self.connection.isWritable && !self.isClosing }
    var bufferedBytes: Int { self.connection.bufferedBytes }
    var isBehind: Bool { self.connection.isBehind }

    /// See ``Connection/setTakesBroadcasts(_:)``.
    ///
    /// Returns the row where it holds; `nil` where it does not, because what is sent here may be compressed.
    @discardableResult
    func setTakesBroadcasts(_ takes: Bool) -> OutputRowID? {
        guard self.deflate == nil, !takes || !self.isClosing else { return nil }
        self.connection.setTakesBroadcasts(takes)
        return self.connection.broadcastRow
    }

    /// ``outputDrained()`` is called also when this turn's output is taken at once.
    func reportNextWrite() { self.connection.reportsNextWrite = true }

    /// Ends the connection because the peer does not take what is sent; unsent bytes are dropped.
    func closeSlow() { self.connection.close(.slow) }

    func send(_ frame: ByteBuffer) { self.connection.send(frame) }

    /// Sends a packet that others get as well; `shared` is what they get, in the arena.
    func send(_ packet: OutboundPacket, shared: OutputArena.BufferID, compress: Bool) {
        if compress, let deflate = self.deflate, !deflate.isShared { return self.send(packet, compress: compress) }
        self.connection.send(shared)
    }

    /// Sends a packet that is for this client alone.
    func send(_ packet: OutboundPacket, compress: Bool) {
        guard compress, let deflate = self.deflate else { return self.connection.send(packet.webSocketFrame) }
        self.connection.send(packet.withPayload { deflate.frame(packet.opcode, $0) } ?? packet.webSocketFrame)
    }

    /// Sends a frame of an uncompressed WebSocket.
    func send(_ opcode: Opcode, _ payload: ByteBuffer) {
        self.connection.sendFrame(opcode) { $0.writeImmutableBuffer(payload) }
    }

    /// Sends a text frame whose payload `body` writes.
    func sendText(compress: Bool = true, _ body: (inout ByteBuffer) -> Void) {
        guard compress, self.deflate != nil else { return self.connection.sendFrame(.text, body) }
        let frame = FrameEncoder.frame(.text, reserving: 128, body)
        let packet = OutboundPacket(frame: frame.buffer, payloadOffset: frame.headerLength)
        self.send(packet, compress: compress)
    }

    func sendPing() { self.connection.sendFrame(.ping) { _ in } }

    /// Ends the WebSocket by our will: a close frame, its answer, and only then the connection's end.
    func close(code: UInt16?, reason: String = "") {
        guard !self.isClosing else { return }
        self.isClosing = true
        self.owner = nil
        self.isPaused = false
        self.leftover = ByteBuffer()
        self.connection.send { FrameEncoder.close(code: code, reason: reason, into: &$0) }
        self.connection.setReadsPaused(false)
        let slot = TimerSlot()
        slot.set(self)
        self.closing = slot
        self.connection.shard.timers.schedule(
            after: Self.closeTimeout, slot: slot, token: Timer.closing.rawValue)
    }

    /// Ends the connection without a word; unsent bytes are dropped.
    func abort() {
        self.isClosing = true
        self.owner = nil
        self.connection.close(.done)
    }

    func setPaused(_ paused: Bool) {
        guard paused != self.isPaused else { return }
        self.isPaused = paused
        self.connection.setReadsPaused(paused)
        guard !paused, !self.isDecoding, self.leftover.readableBytes > 0 else { return }
        var leftover = ByteBuffer()
        swap(&leftover, &self.leftover)
        leftover.withUnsafeMutableReadableBytes { self.decode($0) }
    }

    override func outputDrained() { self.owner?.outputDrained() }

    override func inputClosed() {
        self.isClosing = true
        self.endOwner(.closed)
        self.endClosing()
    }

    override func connectionClosed(_ end: ConnectionEnd) {
        self.isClosing = true
        self.dropProgressTimer()
        self.closing?.cancelAll()
        self.closing = nil
        self.endOwner(end)
    }
}

extension WebSocketStream: TimerTarget {
    private enum Timer: UInt32 { case closing, progress }

    /// One timer at a time, and none for a connection that is idle or sends whole messages.
    private func watchProgress(after delay: Duration) {
        let slot = self.progressSlot ?? TimerSlot()
        slot.set(self)
        self.progressSlot = slot
        self.connection.shard.timers.schedule(after: delay, slot: slot, token: Timer.progress.rawValue)
    }

    private func dropProgressTimer() {
        self.progressSlot?.cancelAll()
        self.progressSlot = nil
    }

    func timerFired(token: UInt32, now: ContinuousClock.Instant) {
        switch Timer(rawValue: token) {
        case .progress: self.checkProgress(now: now)
        // The peer has not answered our close frame.
        case .closing: if self.closing != nil { self.endClosing() }
        case nil: break
        }
    }

    private func checkProgress(now: ContinuousClock.Instant) {
        guard !self.isClosing, let since = self.incompleteSince else { return self.dropProgressTimer() }
        // While it is not read, the rest may lie there.
        if self.isPaused { self.incompleteSince = now }
        guard !self.isPaused, since.duration(to: now) >= Self.messageTimeout else {
            return self.watchProgress(after: Self.messageLook)
        }
        self.fail(code: 1008, reason: "message takes too long")
    }
}

/// How many pings a peer may send: 20 a second, with a burst of 100.
private struct PingBudget {
    private static let perSecond = 20.0
    private static let burst = 100.0

    private var tokens = Self.burst
    private var last: ContinuousClock.Instant?

    mutating func take(now: ContinuousClock.Instant) -> Bool {
        if let last = self.last {
            let elapsed = last.duration(to: now) / .seconds(1)
            self.tokens = min(Self.burst, self.tokens + elapsed * Self.perSecond)
        }
        self.last = now
        guard self.tokens >= 1 else { return false }
        self.tokens -= 1
        return true
    }
}
