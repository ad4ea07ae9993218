import EngineIO
import NIOCore

/// Does what the session decides, and checks that it can be done.
extension SimulatedServer {
    func turn(_ body: () -> Void) {
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

    func plan() {
        guard let next = session.nextDeadline else { return }
        // Timers may be a little late, never early.
        let time = world.milliseconds(next) + (world.random.oneIn(4) ? world.random.below(5) : 0)
        guard time < tickPlanned else { return }
        tickPlanned = time
        world.at(time) { self.tick() }
    }

    func tick() {
        tickPlanned = .max
        turn {
            let decision = session.tick(now: world.now)
            switch decision {
            case .wait(let until): world.expect(until > world.now, "waits for the past")
            case .none: world.expect(ending != nil, "nothing to do, yet not over")
            case .sendPing(let decision, _):
                world.note("ping: \(decision)")
                world.expect(revision == .four, "the server pings a client that does")
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

    func follow(_ decision: Session.SendDecision, _ packet: OutboundPacket?) {
        switch decision {
        case .writeNow: if let packet { write(packet.webSocketFrame) }
        case .answerPoll: answersPollThisTurn = true
        case .queued: break
        case .dropped: world.expect(!session.isOpen, "dropped by an open session")
        }
    }

    func follow(_ receipt: Session.Receipt, _ data: String) {
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
            session.takeFrames { self.write($0.webSocketFrame) }
            world.expect(session.queuedPackets == 0, "not flushed")
        case .answerPing(let decision):
            world.note("pong: \(decision)")
            world.count("pings answered")
            follow(decision, .pong)
        case .closeProbe:
            world.count("probes refused")
            closeWire()
        case .close(let ending): finish(ending)
        }
    }

    func receive(_ data: String) {
        guard data.hasPrefix("c"), let number = Int(data.dropFirst()) else { return }
        if !isReceivingAnything { world.expect(number == received, "got c\(number) instead of c\(received)") }
        received = number + 1
        world.expect(ending == nil, "a message after the end")
    }

    func write(_ frame: ByteBuffer) {
        guard let wire else { return world.fail("nothing to write to") }
        world.expect(ending == nil, "a frame after the end")
        let bytes = String(buffer: frame)
        switch bytes.utf8.first {
        case UInt8(ascii: "t"): network.toClient(wire, .text(leave(String(bytes.dropFirst()))))
        case UInt8(ascii: "b"):
            _ = leave("4" + bytes.dropFirst(revision == .three ? 2 : 1))
            network.toClient(wire, .binary(String(bytes.dropFirst())))
        default: network.toClient(wire, .text(String(decoding: frame.readableBytesView.dropFirst(2), as: UTF8.self)))
        }
    }

    /// Takes note of a packet that leaves: the messages must leave one by one.
    func leave(_ packet: String) -> String {
        guard packet.hasPrefix("4s") else { return packet }
        world.expect(packet == "4s\(left)", "\(packet) left instead of 4s\(left)")
        left += 1
        return packet
    }

    func answerPoll() {
        guard let poll = openPoll else { return world.fail("no poll to answer") }
        openPoll = nil
        var buffer = ByteBuffer()
        let result = session.takePayload(into: &buffer, limit: 30)
        let payload = SimulatedPayload.decode(buffer, session.payloadFormat, world)
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

    func answer(_ exchange: Exchange, _ status: Int, _ body: String) {
        world.note("answer \(exchange.id): \(status) \(body)")
        exchange.answers += 1
        world.expect(exchange.answers == 1, "request \(exchange.id) answered again")
        network.respond(exchange, status: status, body: body)
    }

    func refuse(_ exchange: Exchange, _ error: ProtocolError, _ ending: Ending?) {
        if let ending { finish(ending) }
        world.expect(self.ending == nil || ending != nil || error == .unknownSession, "an ended session is known")
        world.count("refused requests")
        answer(exchange, error.httpStatus, "")
    }

    func finish(_ ending: Ending) {
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

    func closeWire() {
        guard let wire else { return }
        self.wire = nil
        network.closeFromServer(wire)
    }

    /// A failure that may end the session while another poll is open.
    func forgetOpenPoll(_ body: () -> Ending?) {
        guard let ending = body() else { return }
        if let poll = openPoll, ending.pollAnswer == nil {
            openPoll = nil
            answer(poll, 200, "1")
        }
        finish(ending)
    }
}
