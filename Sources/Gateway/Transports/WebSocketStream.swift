import EngineIO
import NIOCore
import WebSocketProtocol

/// A WebSocket of an Engine.IO session: the session's transport, or one that probes to become it.
final class WebSocketStream: ByteStream {
    /// Bytes that are kept while the session does not want any: what one or two reads bring.
    private static let maxLeftover = 131_072
    /// How long a message may be incomplete.
    private static let messageTimeout: Duration = .seconds(30)

    private let connection: Connection
    private var decoder: FrameDecoder
    private var incompleteSince: ContinuousClock.Instant?
    private var session: EngineSession?
    /// Bytes that arrived while the session did not want any.
    private var leftover = ByteBuffer()
    private var isPaused = false
    private var isDecoding = false
    private var isClosing = false
    /// Pings of the peer since the last second began; control frames cost us answers.
    private var pings = PingBudget()

    init(connection: Connection, session: EngineSession?, maxMessageSize: Int) {
        self.connection = connection
        self.session = session
        self.decoder = FrameDecoder(limits: FrameDecoder.Limits(maxMessageSize: maxMessageSize))
    }

    override func received(_ bytes: UnsafeMutableRawBufferPointer) {
        guard !self.isClosing else { return }
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
                    }
                    return
                case .text(let payload):
                    self.session?.receivedText(payload, from: self)
                case .binary(let payload):
                    self.session?.receivedBinary(payload, from: self)
                case .ping(let payload):
                    try self.answerPing(payload)
                case .pong:
                    break
                case .close(let code, _):
                    return self.peerClosed(code)
                }
                if self.isPaused {
                    if !input.isEmpty { self.leftover.writeBytes(UnsafeRawBufferPointer(input)) }
                    return
                }
            }
        } catch {
            self.connection.shard.counters.parseErrorsWebSocket &+= 1
            self.fail(code: error.closeCode)
        }
    }

    private func answerPing(_ payload: UnsafeRawBufferPointer) throws(WebSocketError) {
        guard self.pings.take(now: .now) else { return self.fail(code: 1008) }
        // A peer that does not read gets no more answers queued than fit; RFC 6455 5.5.3 allows leaving some out.
        guard self.connection.isWritable else { return }
        self.connection.send { FrameEncoder.write(.pong, payload, into: &$0) }
    }

    private func peerClosed(_ code: UInt16?) {
        self.isClosing = true
        self.connection.send { FrameEncoder.close(code: code, into: &$0) }
        self.endSession(.closed)
        self.connection.closeAfterFlush()
    }

    private func fail(code: UInt16) {
        self.isClosing = true
        self.connection.send { FrameEncoder.close(code: code, into: &$0) }
        self.endSession(.error)
        self.connection.closeAfterFlush()
    }

    private func endSession(_ end: ConnectionEnd) {
        self.leftover = ByteBuffer()
        guard let session = self.session.take() else { return }
        session.webSocketLost(self, end)
    }

    // MARK: - For the session

    var isWritable: Bool { self.connection.isWritable && !self.isClosing }
    var bufferedBytes: Int { self.connection.bufferedBytes }

    func send(_ id: OutputArena.BufferID) { self.connection.send(id) }
    func send(_ frame: ByteBuffer) { self.connection.send(frame) }
    /// Sends a text frame whose payload `body` writes.
    func sendText(_ body: (inout ByteBuffer) -> Void) { self.connection.sendFrame(.text, body) }

    /// Ends the WebSocket by our will.
    func close(code: UInt16?) {
        guard !self.isClosing else { return }
        self.isClosing = true
        self.session = nil
        self.connection.send { FrameEncoder.close(code: code, into: &$0) }
        self.connection.closeAfterFlush()
    }

    /// Closes when a message has been incomplete for too long: somebody makes us keep it.
    func checkProgress(now: ContinuousClock.Instant) {
        guard let since = self.incompleteSince, !self.isPaused, since.duration(to: now) > Self.messageTimeout else {
            return
        }
        self.fail(code: 1008)
    }

    /// Ends the connection without a word; unsent bytes are dropped.
    func abort() {
        self.isClosing = true
        self.session = nil
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

    override func inputClosed() {
        self.isClosing = true
        self.endSession(.closed)
        self.connection.closeAfterFlush()
    }

    override func connectionClosed(_ end: ConnectionEnd) {
        self.isClosing = true
        self.endSession(end)
    }

    override func outputDrained() {
        self.session?.outputDrained()
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
