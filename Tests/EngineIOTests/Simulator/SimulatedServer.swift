import EngineIO
import NIOCore

/// The I/O around a session, reduced to what it must do, and an application that sends numbered messages.
final class SimulatedServer {
    let world: World
    var network: Network!
    var session: Session
    private var openPoll: Exchange?
    private var openPost: Exchange?
    private var wire: Wire?
    private var answersPollThisTurn = false
    private var tickPlanned = Int.max

    private(set) var ending: Ending?
    /// Messages that the application has sent and that were not dropped; those that have left, in order.
    private(set) var sent = 0
    private(set) var left = 0
    /// Messages of the client that the application got, in order.
    private(set) var received = 0
    /// Set when the order of what arrives is the client's own fault.
    var isReceivingAnything = false
    /// Closed on purpose without discarding.
    private(set) var closesGracefully = false

    init(world: World, configuration: SessionConfiguration) {
        self.world = world
        session = Session(transport: .polling, configuration: configuration, now: world.now)
    }

    // MARK: What the application does

    func sendMessages(_ count: Int) {
        turn {
            for _ in 0..<count {
                let isBinary = world.random.oneIn(5)
                let payload = isBinary ? "s\(sent)" : "4s\(sent)"
                let packet = OutboundPacket(
                    frame: ByteBuffer(string: (isBinary ? "b" : "t") + payload), payloadOffset: 1, isBinary: isBinary)
                let wasWritable = session.isWritable
                let decision = session.send(packet)
                world.note("send s\(sent): \(decision)")
                if wasWritable {
                    world.expect(decision == .writeNow || decision == .answerPoll, "writable, yet \(decision)")
                }
                if decision != .dropped { sent += 1 }
                follow(decision, packet)
            }
        }
    }

    func close(discard: Bool) {
        turn {
            let wasOpen = session.isOpen
            let decision = session.close(.serverShuttingDown, discard: discard, now: world.now)
            world.note("close: \(decision)")
            world.expect(wasOpen != (decision == .none), "closed twice")
            if wasOpen {
                world.count("closed by the server")
                closesGracefully = !discard
                if discard { left = sent }
            }
            switch decision {
            case .ended(let ending):
                wire?.isFinished = closesGracefully
                finish(ending)
            case .answerPoll(let closeProbe):
                answersPollThisTurn = true
                if closeProbe { closeWire() }
            case .linger(_, let closeProbe):
                if closeProbe { closeWire() }
            case .none: break
            }
        }
    }

    // MARK: What the network brings

    /// The handshake request: the session's first poll.
    func handshake(_ exchange: Exchange) {
        turn {
            openPoll = exchange
            follow(session.send(OutboundPacket(frame: ByteBuffer(string: "0{}"), payloadOffset: 0)), nil)
        }
    }

    func requestArrived(_ exchange: Exchange) {
        turn {
            switch exchange.kind {
            case .poll:
                let decision = session.receivePoll(now: world.now)
                world.note("GET \(exchange.id): \(decision)")
                switch decision {
                case .answer:
                    openPoll = exchange
                    answerPoll()
                case .answerNoop: answer(exchange, 200, "6")
                case .hold: openPoll = exchange
                case .refuse(let error, let ending): refuse(exchange, error, ending)
                }
            case .post:
                let decision = session.receivePost(now: world.now)
                world.note("POST \(exchange.id) \(exchange.body): \(decision)")
                switch decision {
                case .read: openPost = exchange
                case .refuse(let error, let ending): refuse(exchange, error, ending)
                }
            }
        }
    }

    func bodyArrived(_ exchange: Exchange) {
        turn {
            guard openPost === exchange else { return }
            openPost = nil
            var status = 200
            var body = exchange.body.joined(separator: "\u{1e}")
            body.withUTF8 { bytes in
                var reader = PayloadReader(UnsafeRawBufferPointer(bytes))
                do throws(PayloadError) {
                    while status == 200, let item = try reader.next() {
                        switch item {
                        case .packet(let type, let data):
                            let receipt = session.receive(type, data, over: .polling, now: world.now)
                            if case .close = receipt, type != .close { status = 400 }
                            follow(receipt, String(decoding: data, as: UTF8.self))
                        case .binary(let buffer):
                            let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
                            follow(
                                session.receive(.message, nothing, over: .polling, now: world.now),
                                String(buffer: buffer))
                        }
                    }
                } catch {
                    status = 400
                    if let ending = session.fail(.parseError) { finish(ending) }
                }
            }
            session.postEnded()
            answer(exchange, status, status == 200 ? "ok" : "")
        }
    }

    func requestLost(_ exchange: Exchange) {
        turn {
            exchange.isLostToServer = true
            if openPoll === exchange {
                openPoll = nil
                world.count("polls lost")
                if let ending = session.pollLost() { finish(ending) }
                world.expect(session.isClosed, "a poll was lost, and nothing came of it")
            } else if openPost === exchange {
                openPost = nil
                world.count("posts lost")
                let wasPolling = session.transport == .polling
                if let ending = session.postLost() { finish(ending) }
                world.expect(session.isClosed || !wasPolling, "a POST was lost, and nothing came of it")
            } else if exchange.kind == .poll, exchange.answers > 0, world.random.oneIn(2) {
                // The answer was under way, and here the write says that it failed.
                world.count("answers lost")
                forgetOpenPoll { session.pollLost() }
            }
        }
    }

    func webSocketRequested(_ new: Wire) {
        turn {
            let decision = session.webSocketRequested(now: world.now)
            world.note("WebSocket \(new.id): \(decision)")
            switch decision {
            case .acceptAsProbe:
                world.expect(wire == nil, "a second WebSocket was let in")
                wire = new
                network.accept(new)
            case .acceptThenClose:
                world.expect(wire != nil, "no other WebSocket, yet refused for it")
                world.count("second WebSockets")
                network.accept(new)
                network.closeFromServer(new)
            case .refuse(_, let ending):
                if let ending { finish(ending) }
                network.closeFromServer(new)
            }
        }
    }

    func frameArrived(_ from: Wire, _ frame: Frame) {
        turn {
            guard from === wire else { return }
            switch frame {
            case .binary(let text):
                let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
                follow(session.receive(.message, nothing, over: .websocket, now: world.now), text)
            case .text(var packet):
                let receipt = packet.withUTF8 {
                    session.receiveText(UnsafeRawBufferPointer($0), now: world.now)
                }
                world.note("frame \(packet): \(receipt)")
                follow(receipt, String(packet.dropFirst()))
            }
        }
    }

    func wireLost(_ lost: Wire) {
        turn {
            lost.isOverAtServer = true
            guard lost === wire else { return }
            wire = nil
            let loss = session.webSocketLost()
            world.note("WebSocket \(lost.id) lost: \(loss)")
            switch loss {
            case .ignored: world.fail("the session did not know its WebSocket")
            case .probeEnded: world.count("probes lost")
            case .close(let ending): finish(ending)
            }
        }
    }

    // MARK: What follows

    private func turn(_ body: () -> Void) {
        body()
        if answersPollThisTurn {
            answersPollThisTurn = false
            if openPoll != nil, session.hasOpenPoll { answerPoll() }
        }
        world.expect(session.invariants(), "the session contradicts itself")
        world.expect(session.hasOpenPoll == (openPoll != nil), "the session and the I/O disagree about the poll")
        world.expect(session.isClosed == (ending != nil), "the session is over, and nobody was told")
        world.expect(session.isClosed || left + session.queuedPackets >= sent, "messages are gone")
        plan()
    }

    private func plan() {
        guard let next = session.nextDeadline else { return }
        // Timers may be a little late, never early.
        let time = world.milliseconds(next) + (world.random.oneIn(4) ? world.random.below(5) : 0)
        guard time < tickPlanned else { return }
        tickPlanned = time
        world.at(time) { self.tick() }
    }

    private func tick() {
        tickPlanned = .max
        turn {
            let decision = session.tick(now: world.now)
            switch decision {
            case .wait(let until): world.expect(until > world.now, "waits for the past")
            case .none: world.expect(ending != nil, "nothing to do, yet not over")
            case .sendPing(let decision, _):
                world.note("ping: \(decision)")
                follow(decision, .ping)
            case .closeProbe:
                world.note("probe too slow")
                world.count("probes too slow")
                closeWire()
            case .answerPoll:
                world.count("slow noops")
                answerPoll()
            case .close(let ending): finish(ending)
            }
        }
    }

    private func follow(_ decision: Session.SendDecision, _ packet: OutboundPacket?) {
        switch decision {
        case .writeNow: if let packet { write(packet.webSocketFrame) }
        case .answerPoll: answersPollThisTurn = true
        case .queued: break
        case .dropped: world.expect(!session.isOpen, "dropped by an open session")
        }
    }

    private func follow(_ receipt: Session.Receipt, _ data: String) {
        switch receipt {
        case .message: receive(data)
        case .ignored: break
        case .answerProbe(let releasePoll):
            world.count("probes answered")
            write(OutboundPacket.probeAnswer.webSocketFrame)
            if releasePoll { answerPoll() }
            world.expect(openPoll == nil, "a poll waits while the client wants to be done with polling")
        case .upgraded(let releasePoll):
            world.count("upgrades")
            if session.queuedPackets > 0 { world.count("upgrades with a queue") }
            if releasePoll, let poll = openPoll {
                openPoll = nil
                answer(poll, 200, "6")
            }
            session.takeFrames { self.write($0) }
            world.expect(session.queuedPackets == 0, "not flushed")
        case .closeProbe:
            world.count("probes refused")
            closeWire()
        case .close(let ending): finish(ending)
        }
    }

    private func receive(_ data: String) {
        guard data.hasPrefix("c"), let number = Int(data.dropFirst()) else { return }
        if !isReceivingAnything { world.expect(number == received, "got c\(number) instead of c\(received)") }
        received = number + 1
        world.expect(ending == nil, "a message after the end")
    }

    private func write(_ frame: ByteBuffer) {
        guard let wire else { return world.fail("nothing to write to") }
        world.expect(ending == nil, "a frame after the end")
        let bytes = String(buffer: frame)
        switch bytes.utf8.first {
        case UInt8(ascii: "t"): network.toClient(wire, .text(leave(String(bytes.dropFirst()))))
        case UInt8(ascii: "b"):
            _ = leave("4" + bytes.dropFirst())
            network.toClient(wire, .binary(String(bytes.dropFirst())))
        default: network.toClient(wire, .text(String(decoding: frame.readableBytesView.dropFirst(2), as: UTF8.self)))
        }
    }

    /// Takes note of a packet that leaves: the messages must leave one by one.
    private func leave(_ packet: String) -> String {
        guard packet.hasPrefix("4s") else { return packet }
        world.expect(packet == "4s\(left)", "\(packet) left instead of 4s\(left)")
        left += 1
        return packet
    }

    private func answerPoll() {
        guard let poll = openPoll else { return world.fail("no poll to answer") }
        openPoll = nil
        var buffer = ByteBuffer()
        let result = session.takePayload(into: &buffer, limit: 30)
        let payload = String(buffer: buffer)
        for packet in payload.split(separator: "\u{1e}", omittingEmptySubsequences: false) {
            world.expect(!packet.isEmpty, "an empty packet left")
            _ = leave(SimulatedClient.text(of: packet))
        }
        world.expect(buffer.readableBytes <= 30 || !payload.contains("\u{1e}"), "the answer is too long")
        if case .last(let reason) = result {
            world.expect(ending == nil, "ended twice")
            ending = Ending(reason: reason, pollAnswer: nil, closesWebSocket: false)
            poll.answers += 1
            world.note("answer \(poll.id): \(payload), the last")
            network.respond(poll, status: 200, body: payload + (closesGracefully ? "\u{1e}complete" : ""))
            return
        }
        if ending == nil, result == .all { world.expect(session.queuedPackets == 0, "all, but there is more") }
        answer(poll, 200, payload)
    }

    private func answer(_ exchange: Exchange, _ status: Int, _ body: String) {
        world.note("answer \(exchange.id): \(status) \(body)")
        exchange.answers += 1
        world.expect(exchange.answers == 1, "request \(exchange.id) answered again")
        network.respond(exchange, status: status, body: body)
    }

    private func refuse(_ exchange: Exchange, _ error: ProtocolError, _ ending: Ending?) {
        if let ending { finish(ending) }
        world.expect(self.ending == nil || ending != nil || error == .unknownSession, "an ended session is known")
        world.count("refused requests")
        answer(exchange, error.httpStatus, "")
    }

    private func finish(_ ending: Ending) {
        world.note("ended: \(ending)")
        world.count("ended by \(ending.reason.rawValue)")
        world.expect(self.ending == nil, "ended twice")
        self.ending = ending
        world.expect((ending.pollAnswer != nil) == (openPoll != nil), "the ending forgets the poll, or invents one")
        world.expect(ending.closesWebSocket == (wire != nil), "the ending forgets the WebSocket, or invents one")
        if let type = ending.pollAnswer, let poll = openPoll {
            openPoll = nil
            answer(poll, 200, String(UnicodeScalar(type.rawValue)))
        }
        closeWire()
        answersPollThisTurn = false
    }

    private func closeWire() {
        guard let wire else { return }
        self.wire = nil
        network.closeFromServer(wire)
    }

    /// A failure that may end the session while another poll is open.
    private func forgetOpenPoll(_ body: () -> Ending?) {
        guard let ending = body() else { return }
        if let poll = openPoll, ending.pollAnswer == nil {
            openPoll = nil
            answer(poll, 200, "1")
        }
        finish(ending)
    }
}
