import EngineIO
import NIOCore
import Testing

extension ByteBuffer {
    var text: String { String(buffer: self) }
}

extension OutboundPacket {
    /// A text packet behind a made-up frame header of two bytes.
    static func text(_ payload: String) -> OutboundPacket {
        OutboundPacket(frame: ByteBuffer(string: "##" + payload), payloadOffset: 2)
    }

    static func binary(_ payload: [UInt8]) -> OutboundPacket {
        OutboundPacket(frame: ByteBuffer(bytes: Array("##".utf8) + payload), payloadOffset: 2, isBinary: true)
    }
}

/// A session with its clock, for tests that read as a course of events.
final class Bench {
    static let start = ContinuousClock.now

    var session: Session
    var now = Bench.start

    init(_ transport: Transport, configuration: SessionConfiguration = SessionConfiguration(), opened: Bool = true) {
        session = Session(transport: transport, configuration: configuration, now: now)
        if opened {
            _ = session.send(.text("0{}"))
            if transport == .polling { _ = answer() }
        }
    }

    // A noncopyable value cannot stand inside `#expect`, so what tests look at is forwarded.
    var transport: Transport { session.transport }
    var isOpen: Bool { session.isOpen }
    var isClosed: Bool { session.isClosed }
    var isWritable: Bool { session.isWritable }
    var hasOpenPoll: Bool { session.hasOpenPoll }
    var payloadFormat: PayloadFormat { session.payloadFormat }
    func receiveUnknown() -> Session.Receipt { session.receiveUnknown() }
    var queuedBytes: Int { session.queuedBytes }
    var queuedPackets: Int { session.queuedPackets }
    var nextDeadline: ContinuousClock.Instant? { session.nextDeadline }
    var isExpired: Bool { session.isExpired(now: now) }
    var isConsistent: Bool { session.invariants() }
    func send(_ packet: OutboundPacket) -> Session.SendDecision { session.send(packet) }
    func fail(_ reason: CloseReason) -> Ending? { session.fail(reason) }
    func pollLost() -> Ending? { session.pollLost() }
    func postLost(_ reason: CloseReason = .transportError) -> Ending? { session.postLost(reason) }
    func webSocketLost(_ reason: CloseReason = .transportClose) -> Session.WebSocketLoss {
        session.webSocketLost(reason)
    }

    func take(into buffer: inout ByteBuffer) -> Session.PayloadResult { session.takePayload(into: &buffer) }

    func receiveNothing(_ type: PacketType?, over wire: Transport) -> Session.Receipt {
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        guard let type else { return session.receiveText(nothing, now: now) }
        return session.receive(type, nothing, over: wire, now: now)
    }

    /// A session that is switching: the probe is answered, the upgrade packet has not come.
    static func probed(configuration: SessionConfiguration = SessionConfiguration()) -> Bench {
        let bench = Bench(.polling, configuration: configuration)
        _ = bench.upgradeRequest()
        _ = bench.packet("2probe", .websocket)
        return bench
    }

    static func upgraded() -> Bench {
        let bench = probed()
        _ = bench.packet("5", .websocket)
        return bench
    }

    func after(_ duration: Duration) { now = Bench.start + duration }

    func poll() -> Session.PollDecision { session.receivePoll(now: now) }
    func post() -> Session.PostDecision { session.receivePost(now: now) }
    func upgradeRequest() -> Session.UpgradeDecision { session.webSocketRequested(now: now) }
    func send(_ text: String) -> Session.SendDecision { session.send(.text(text)) }
    func tick() -> Session.TickDecision { session.tick(now: now) }

    func close(discard: Bool = false) -> Session.CloseDecision {
        session.close(.forcedServerClose, discard: discard, now: now)
    }

    /// The client sends a packet.
    func packet(_ text: String, _ wire: Transport) -> Session.Receipt {
        var text = text
        return text.withUTF8 {
            let packet = UnsafeRawBufferPointer($0)
            if wire == .websocket { return session.receiveText(packet, now: now) }
            guard let (type, data) = PacketType.split(packet) else { return .ignored }
            return session.receive(type, data, over: .polling, now: now)
        }
    }

    /// The whole body of a POST, as the caller would run it.
    func post(_ body: String) -> (messages: [String], ending: Ending?) {
        guard post() == .read else { return ([], nil) }
        defer { session.postEnded() }
        var body = body
        return body.withUTF8 { bytes in
            var messages: [String] = []
            var reader = PayloadReader(UnsafeRawBufferPointer(bytes))
            do throws(PayloadError) {
                while let item = try reader.next() {
                    switch item {
                    case .packet(let type, let data):
                        switch session.receive(type, data, over: .polling, now: now) {
                        case .message: messages.append(String(decoding: data, as: UTF8.self))
                        case .close(let ending): return (messages, ending)
                        default: break
                        }
                    case .binary(let buffer):
                        messages.append("b" + buffer.text)
                    }
                }
            } catch {
                return (messages, session.fail(.parseError))
            }
            return (messages, nil)
        }
    }

    /// The answer to the open poll.
    func answer(limit: Int? = nil) -> String {
        var buffer = ByteBuffer()
        _ = session.takePayload(into: &buffer, limit: limit)
        return buffer.text
    }

    func frames() -> [String] {
        var frames: [String] = []
        session.takeFrames { frames.append(String($0.webSocketFrame.text.dropFirst(2))) }
        return frames
    }

    /// Ticks up to `duration` after the start, answering pings if asked to.
    func run(until duration: Duration, answeringPings: Bool) {
        let end = Bench.start + duration
        while let next = session.nextDeadline, next <= end {
            now = max(now, next)
            if case .sendPing = tick(), answeringPings { _ = packet("3", session.transport) }
        }
        now = end
    }
}

extension Ending {
    static func with(_ reason: CloseReason, poll: PacketType? = nil, webSocket: Bool = false) -> Ending {
        Ending(reason: reason, pollAnswer: poll, closesWebSocket: webSocket)
    }
}
