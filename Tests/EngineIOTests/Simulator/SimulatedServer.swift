import EngineIO
import NIOCore

/// The I/O around a session, reduced to what it must do, and an application that sends numbered messages.
final class SimulatedServer {
    let world: World
    var network: Network!
    let revision: ProtocolRevision
    var session: Session
    var openPoll: Exchange?
    var openPost: Exchange?
    var wire: Wire?
    var answersPollThisTurn = false
    var tickPlanned = Int.max

    var ending: Ending?
    /// Messages that the application has sent and that were not dropped; those that have left, in order.
    private(set) var sent = 0
    var left = 0
    /// Messages of the client that the application got, in order.
    var received = 0
    /// Set when the order of what arrives is the client's own fault.
    var isReceivingAnything = false
    /// Closed on purpose without discarding.
    private(set) var closesGracefully = false

    init(world: World, configuration: SessionConfiguration) {
        self.world = world
        revision = configuration.revision
        session = Session(transport: .polling, configuration: configuration, now: world.now)
    }

    // MARK: What the application does

    func sendMessages(_ count: Int) {
        turn {
            for _ in 0..<count {
                let isBinary = world.random.oneIn(5)
                let payload = isBinary ? SimulatedPayload.binary("s\(sent)", revision) : "4s\(sent)"
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
            let (body, format) = SimulatedPayload.encode(exchange.body, revision, mayBeBytes: exchange.id % 3 != 0)
            body.withUnsafeReadableBytes { bytes in
                var reader = PayloadReader(bytes, format: format)
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
            case .binary(let data):
                let text = revision == .three ? String(data.dropFirst()) : data
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
}
