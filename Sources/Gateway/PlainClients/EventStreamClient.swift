import EngineIO
import HandlerContract
import NIOCore
import PlainEvents

/// A client that reads a stream of server-sent events, and says nothing.
final class EventStreamClient: PlainClient {
    /// How long a browser waits before it comes back, for each another time between these: many that were lost at once do
    /// not come back at once.
    private static let retryMilliseconds: ClosedRange<Int64> = 2_000...4_000

    private let streamEndpoint: EventStreamEndpoint
    private let lastEventID: String?
    private var stream: EventStream?
    private let timerSlot = TimerSlot()

    init(endpoint: EventStreamEndpoint, handshake: ClientHandshake, lastEventID: String?) {
        self.streamEndpoint = endpoint
        self.lastEventID = lastEventID
        super.init(endpoint: endpoint, handshake: handshake)
    }

    override var transport: EndpointCounters.SessionTransport { .sse }
    override var protocolName: String { "sse" }
    override var claimedOffset: String? { self.lastEventID }

    override func opened(by exchange: HTTPExchange) {
        guard let connection = self.streamEndpoint.begin(exchange) else { return self.end(.transportClose) }
        let stream = EventStream(connection, client: self)
        self.stream = stream
        connection.become(stream, leftover: ByteBuffer())
        self.tellPast(stream)
        self.timerSlot.set(self)
        self.shard.timers.schedule(after: self.endpoint.options.pingInterval, slot: self.timerSlot, token: 0)
    }

    private func tellPast(_ stream: EventStream) {
        let retry = Duration.milliseconds(Int64.random(in: Self.retryMilliseconds, using: &self.shard.random))
        let offset = self.beginning?.text
        if case .hole = self.past {
            // The new offset comes with the word, so that nobody has the one without the other.
            stream.send {
                ServerSentEvent.opening(retry: retry, into: &$0)
                ServerSentEvent.reset(offset: offset, into: &$0)
            }
        } else {
            stream.send { ServerSentEvent.opening(retry: retry, offset: offset, into: &$0) }
        }
        for (packet, _) in self.takeMissed(self.dialect) {
            self.endpoint.counters.messageSent(isBinary: false)
            stream.send { $0.writeImmutableBuffer(packet.frame) }
        }
    }

    private var dialect: Dialect { self.hasOffsets ? .eventStream : .eventStreamWithoutOffset }

    override func deliver(_ broadcast: Broadcast, _ form: inout SharedForm, to socket: Socket) {
        guard let stream = self.stream else { return }
        if broadcast.volatile, !stream.isWritable, stream.bufferedBytes >= self.shard.limits.outputSoft {
            self.shard.counters.outputDroppedVolatile &+= 1
            return
        }
        guard let entry = self.entry(self.dialect, of: broadcast, &form) else { return }
        self.endpoint.counters.messageSent(isBinary: false)
        guard !self.postpones(broadcast, entry.first, isBehind: stream.isBehind) else {
            return stream.reportNextWrite()
        }
        stream.send(entry.firstID)
    }

    /// The connection has taken what it was sent.
    func outputDrained() {
        guard let stream = self.stream else { return }
        let isBehind = self.catchUp(bufferedBytes: { stream.bufferedBytes }) { next in
            stream.send { $0.writeImmutableBuffer(next.packet.frame) }
        }
        if isBehind { stream.reportNextWrite() }
    }

    // MARK: - The end

    override func say(_ farewell: Farewell) {
        guard let stream = self.stream.take() else { return }
        switch farewell {
        case .slow:
            return stream.abort()
        case .goodbye:
            stream.send { ServerSentEvent.farewell(into: &$0) }
        case .comeBack, .shuttingDown, .rateLimited, .pingTimeout, .violation:
            break
        }
        stream.end()
    }

    override func end(_ reason: CloseReason, _ better: DisconnectReason? = nil) {
        self.timerSlot.cancelAll()
        self.stream = nil
        super.end(reason, better)
    }

    /// The connection is gone, and not by our will.
    func streamLost(_ end: ConnectionEnd) {
        self.end(end == .closed ? .transportClose : .transportError, end == .slow ? .slow : nil)
    }
}

extension EventStreamClient: TimerTarget {
    func timerFired(token: UInt32, now: ContinuousClock.Instant) {
        guard let stream = self.stream else { return }
        // One that has something to read already is not gone to whoever is on the way.
        if stream.isWritable { stream.send { ServerSentEvent.keepAlive(into: &$0) } }
        self.shard.timers.schedule(
            after: self.endpoint.options.pingInterval, slot: self.timerSlot, token: 0, now: now)
    }
}
