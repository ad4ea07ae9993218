import EngineIO
import HandlerContract
import NIOCore
import PlainEvents
import Routing
import WebSocketProtocol

/// A client on a WebSocket of its own: its messages are events in JSON, or raw.
final class WebSocketClient: PlainClient {
    private let socketEndpoint: WebSocketEndpoint
    private let subprotocol: String?
    private let speaksJSON: Bool
    private var stream: WebSocketStream? { didSet { oldValue?.setTakesBroadcasts(false) } }
    private var heartbeat: Heartbeat
    private let timerSlot = TimerSlot()
    /// How it said goodbye.
    private var peerCode: UInt16?

    init(endpoint: WebSocketEndpoint, handshake: ClientHandshake, subprotocol: String?) {
        self.socketEndpoint = endpoint
        self.subprotocol = subprotocol
        self.speaksJSON = endpoint.options.format == .json
        self.heartbeat = Heartbeat(
            interval: endpoint.options.pingInterval, timeout: endpoint.options.pingTimeout, now: .now)
        super.init(endpoint: endpoint, handshake: handshake)
    }

    override var protocolName: String { "websocket" }
    override var acknowledges: Bool { self.speaksJSON }

    override func opened(by exchange: HTTPExchange) {
        let deflate = self.endpoint.agreedDeflate(exchange)
        guard
            let (connection, leftover) = self.endpoint.acceptWebSocket(
                exchange, subprotocol: self.subprotocol, deflate: deflate)
        else { return self.end(.transportClose) }
        let now = ContinuousClock.now
        let options = self.endpoint.options
        self.heartbeat = Heartbeat(interval: options.pingInterval, timeout: options.pingTimeout, now: now)
        self.timerSlot.set(self)
        self.shard.timers.schedule(after: options.pingInterval, slot: self.timerSlot, token: 0, now: now)
        let stream = self.endpoint.stream(
            connection, owner: self, limits: self.socketEndpoint.limits, deflate: deflate)
        self.stream = stream
        self.tellPast(stream)
        // What it sent along with its request counts only when it is in its rooms, which is after this.
        stream.setPaused(true)
        connection.become(stream, leftover: leftover)
        let bound = NIOLoopBound(self, eventLoop: self.shard.loop)
        self.shard.loop.execute {
            let client = bound.value
            if !client.isReadingPaused { client.stream?.setPaused(false) }
        }
    }

    // MARK: - What it is told

    override var claimedOffset: String? {
        self.speaksJSON ? self.handshake.query.first { $0.name == "offset" }?.value : nil
    }

    private func tellPast(_ stream: WebSocketStream) {
        switch self.past {
        case .unknown:
            break
        case .hole:
            stream.sendText { $0.writeStaticString("{\"recovered\":false}") }
        case .missed:
            stream.sendText { $0.writeStaticString("{\"recovered\":true}") }
            for (packet, compress) in self.takeMissed(self.dialect) {
                self.endpoint.counters.messageSent(isBinary: false)
                stream.send(packet, compress: compress)
            }
        }
    }

    override func deliver(_ broadcast: Broadcast, _ form: inout SharedForm, to socket: Socket) {
        guard let stream = self.stream else { return }
        if broadcast.volatile, !stream.isWritable, stream.bufferedBytes >= self.shard.limits.outputSoft {
            self.shard.counters.outputDroppedVolatile &+= 1
            return
        }
        let deflate = stream.deflate.flatMap { $0.isShared ? $0.kind : nil }
        guard let entry = self.entry(self.dialect, of: broadcast, &form, deflate: deflate) else { return }
        self.endpoint.counters.messageSent(isBinary: entry.first.isBinary)
        guard !self.postpones(broadcast, entry.first, isBehind: stream.isBehind) else {
            return stream.reportNextWrite()
        }
        stream.send(entry.first, shared: entry.firstID, compress: broadcast.compress)
    }

    private var dialect: Dialect {
        guard self.speaksJSON else { return .rawWebSocket }
        return self.hasOffsets ? .json : .jsonWithoutOffset
    }

    /// What it is told is said in another dialect: its lane was for the one before.
    override func offsetsEnded() { self.stream?.setTakesBroadcasts(false) }

    override func offsetsBegan(after position: UInt64) { self.stream?.setTakesBroadcasts(false) }

    override func send(_ message: MessageValue, to socket: Socket) -> Bool {
        guard !self.speaksJSON, self.endpoint.slowConsumer == nil, let stream = self.stream, stream.deflate == nil
        else { return false }
        let (opcode, bytes) = message.frame
        socket.namespace.counters.fanoutDeliveries &+= 1
        self.endpoint.counters.messageSent(isBinary: opcode == .binary)
        stream.send(opcode, bytes)
        return true
    }

    override func offerLane(for socket: Socket) -> LaneOffer? {
        // One that may fall behind without being closed is looked at each time.
        guard self.endpoint.slowConsumer == nil, let row = self.stream?.setTakesBroadcasts(true) else { return nil }
        return LaneOffer(row: row, dialect: self.dialect, counters: self.endpoint.counters)
    }

    override func acknowledge(_ id: UInt64, _ arguments: ByteBuffer, attachments: [ByteBuffer], socket: Socket) {
        guard self.speaksJSON, let stream = self.stream, let arguments = self.answer(arguments, attachments)
        else { return }
        self.endpoint.counters.messageSent(isBinary: false)
        let write = { (buffer: inout ByteBuffer) in
            PlainEncoder.ack(id: id, arguments: arguments, into: &buffer)
        }
        guard !self.postpones(kept: .framed(reserving: arguments.byteCount + 32, write)) else { return }
        stream.sendText(write)
    }

    // MARK: - The end

    override func say(_ farewell: Farewell) {
        guard let stream = self.stream.take() else { return }
        if case .slow = farewell { return stream.abort() }
        let (code, reason) = farewell.closeFrame
        stream.close(code: code, reason: reason)
    }

    override func end(_ reason: CloseReason, _ better: DisconnectReason? = nil) {
        self.timerSlot.cancelAll()
        self.stream = nil
        super.end(reason, better)
    }

    // MARK: - Back-pressure

    override func pauseReading() { self.stream?.setPaused(true) }

    override func resumeReading() {
        let now = ContinuousClock.now
        self.heartbeat.excuse(now: now)
        self.shard.timers.schedule(
            after: self.endpoint.options.pingTimeout, slot: self.timerSlot, token: 0, now: now)
        self.stream?.setPaused(false)
    }
}

extension WebSocketClient: WebSocketOwner {
    var givesReasons: Bool { true }

    func outputDrained() {
        guard let stream = self.stream else { return }
        let isBehind = self.catchUp(bufferedBytes: { stream.bufferedBytes }) {
            stream.send($0.packet, compress: $0.compress)
        }
        if isBehind { stream.reportNextWrite() }
    }

    func receivedText(_ payload: UnsafeRawBufferPointer, from stream: WebSocketStream) {
        self.endpoint.counters.textReceived &+= 1
        guard self.isWithinRate(), let socket = self.socket else { return }
        guard self.speaksJSON else {
            return self.shard.withMessage(payload) { self.shard.router.message(.text($0), of: socket) }
        }
        do throws(ClientMessageError) {
            switch try ClientMessage(payload) {
            case .event(let name, let arguments, let ackID):
                self.shard.router.event(name: name, arguments: arguments, ackID: ackID, of: socket)
            case .answer(let id, let arguments):
                socket.acknowledged(id, arguments: arguments, attachments: [])
            }
        } catch {
            self.shard.counters.parseErrorsWebSocket &+= 1
            self.close(.violation(code: error.closeCode, reason: error.reason))
        }
    }

    func receivedBinary(_ payload: UnsafeRawBufferPointer, from stream: WebSocketStream) {
        self.endpoint.counters.binaryReceived &+= 1
        guard !self.speaksJSON else {
            self.shard.counters.parseErrorsWebSocket &+= 1
            return self.close(.violation(code: CloseCode.unsupportedData, reason: "messages are JSON text"))
        }
        guard self.isWithinRate(), let socket = self.socket else { return }
        self.shard.withMessage(payload) { self.shard.router.message(.binary($0), of: socket) }
    }

    func receivedPong(from stream: WebSocketStream) {
        switch self.heartbeat.receivePong(now: .now) {
        case .answered, .unasked: break
        case .flood: self.close(.violation(code: CloseCode.policyViolation, reason: "too many pongs"))
        }
    }

    func peerClosed(_ stream: WebSocketStream, code: UInt16?) {
        self.peerCode = code ?? CloseCode.normal
    }

    func webSocketLost(_ stream: WebSocketStream, _ end: ConnectionEnd) {
        // "Going away" is a page that is left, and says nothing about its user's wish.
        let reason: DisconnectReason? =
            end == .slow ? .slow : self.peerCode.flatMap { $0 == CloseCode.goingAway ? nil : .client }
        self.end(end == .closed ? .transportClose : .transportError, reason)
    }
}

extension WebSocketClient: TimerTarget {
    func timerFired(token: UInt32, now: ContinuousClock.Instant) {
        guard let stream = self.stream else { return }
        let options = self.endpoint.options
        if self.isReadingPaused {
            // Its pong may lie unread, because we do not read.
            self.heartbeat.excuse(now: now)
            return self.shard.timers.schedule(after: options.pingTimeout, slot: self.timerSlot, token: 0, now: now)
        }
        switch self.heartbeat.tick(now: now) {
        case .wait:
            break
        case .sendPing:
            stream.sendPing()
            let due = self.heartbeat.nextDeadline - options.pingTimeout
            self.shard.timers.schedule(after: options.pingTimeout, slot: self.timerSlot, token: 0, now: due)
            self.shard.timers.schedule(after: options.pingInterval, slot: self.timerSlot, token: 0, now: due)
        case .close:
            self.close(.pingTimeout)
        }
    }
}

extension MessageValue {
    /// How it is sent as it is.
    fileprivate var frame: (Opcode, ByteBuffer) {
        switch self {
        case .text(let bytes): (.text, bytes)
        case .binary(let bytes): (.binary, bytes)
        }
    }
}

extension ClientMessageError {
    /// Text that is not JSON is data that is not what it should be; JSON that means nothing is against our rules.
    fileprivate var closeCode: UInt16 {
        switch self {
        case .notJSON: CloseCode.invalidPayload
        case .notAMessage: CloseCode.policyViolation
        }
    }
}

extension Farewell {
    /// What the close frame says.
    ///
    /// RFC 6455 section 7.4.1, and the IANA registry for 1012 and 3000.
    fileprivate var closeFrame: (code: UInt16, reason: String) {
        switch self {
        case .goodbye: (CloseCode.normal, "disconnected")
        case .comeBack(DisconnectReason.tokenExpired.rawValue): (3000, "token expired")
        case .comeBack(let reason): (CloseCode.serviceRestart, reason ?? "come back")
        case .shuttingDown: (CloseCode.serviceRestart, "shutting down")
        case .rateLimited: (CloseCode.policyViolation, "too many messages")
        case .pingTimeout: (CloseCode.goingAway, "ping timeout")
        case .slow: (CloseCode.policyViolation, "too slow")
        case .violation(let code, let reason): (code, reason)
        }
    }
}
