import EngineIO
import NIOCore

/// A client as the stock ones are, with an application that sends numbered messages, and bad habits if asked for.
final class SimulatedClient {
    enum State { case polling, pausing, websocket, closed }

    let world: World
    var network: Network!
    private(set) var state = State.polling
    /// What the server's messages have come to, and what the application has sent.
    private(set) var received = 0
    private(set) var sent = 0
    /// The client has made a mess of the order itself, or a proxy has.
    private(set) var isTainted = false
    private var poll: Exchange?
    private var post: Exchange?
    private var probe: Wire?
    private var wire: Wire?
    private var outbox: [Frame] = []

    /// Protocol 3: it is the client that pings.
    private let pings: Bool

    init(world: World, revision: ProtocolRevision) {
        self.world = world
        pings = revision == .three
    }

    var isClosed: Bool { state == .closed }

    /// The text form of a packet in a payload.
    static func text(of packet: Substring) -> String {
        guard packet.first == "b" else { return String(packet) }
        return Array(packet.utf8.dropFirst()).withUnsafeBytes {
            "4" + (Base64.decode($0).map { String(buffer: $0) } ?? "not base64")
        }
    }

    // MARK: What the application does

    func start(_ handshake: Exchange) {
        poll = handshake
        if pings { planPing() }
    }

    private func planPing() {
        world.after(Simulation.pingInterval) {
            guard self.state != .closed else { return }
            self.outbox.append(.text("2"))
            self.flush()
        }
    }

    func sendMessages(_ count: Int) {
        guard state != .closed else { return }
        for _ in 0..<count {
            outbox.append(world.random.oneIn(5) ? .binary("c\(sent)") : .text("4c\(sent)"))
            sent += 1
        }
        flush()
    }

    func upgrade() {
        guard state == .polling, probe == nil else { return }
        probe = network.connect()
    }

    func close() {
        guard state != .closed else { return }
        if let wire {
            if world.random.oneIn(2) { network.toServer(wire, .text("1")) }
        } else if post == nil {
            post = network.request(.post, ["1"])
        }
        end("by itself")
    }

    enum BadHabit: CaseIterable {
        case secondPoll, secondPost, copiedPoll, copiedPost, secondWebSocket, garbage, ping, cut, silence
    }

    func misbehave(_ habit: BadHabit, server: SimulatedServer) {
        guard state != .closed else { return }
        world.note("bad habit: \(habit)")
        switch habit {
        case .secondPoll:
            isTainted = true
            network.request(.poll)
        case .secondPost:
            isTainted = true
            server.isReceivingAnything = true
            network.request(.post, ["4x"])
        case .copiedPoll:
            isTainted = true
            network.request(.poll, isCopy: true)
        case .copiedPost:
            server.isReceivingAnything = true
            if let post { network.request(.post, post.body, isCopy: true) }
        case .secondWebSocket:
            _ = network.connect()
        case .garbage:
            let word = ["", "x", "0", "5", "9"][world.random.below(5)]
            if let wire = wire ?? probe { network.toServer(wire, .text(word)) }
        case .ping:
            // In the direction in which it must not go.
            if let wire { network.toServer(wire, .text(pings ? "3" : "2")) }
        case .cut:
            if let target = wire ?? probe { network.cut(target) } else if let poll { network.cut(poll) }
        case .silence:
            end("in silence", quietly: true)
        }
    }

    // MARK: What the network brings

    func responded(_ exchange: Exchange, status: Int, body: String) {
        if exchange.isCopy { return }
        if exchange === post {
            post = nil
            guard state != .closed else { return }
            guard status == 200 else { return end("POST refused") }
            flush()
            switchIfPaused()
            return
        }
        if exchange === poll { poll = nil }
        guard state != .closed, exchange.kind == .poll else { return }
        guard status == 200 else { return end("GET refused") }
        for packet in body.split(separator: "\u{1e}", omittingEmptySubsequences: false) {
            if packet == "1" {
                if body.hasSuffix("complete"), !isTainted {
                    world.expect(received == serverSent(), "closed with \(received) of \(serverSent())")
                }
                return end("by the server")
            }
            take(Self.text(of: packet))
        }
        switchIfPaused()
        if state == .polling, poll == nil { world.after(world.random.below(3)) { self.pollAgain() } }
    }

    /// Set by the simulation: what a complete delivery is.
    var serverSent: () -> Int = { 0 }

    func requestFailed(_ exchange: Exchange) {
        if exchange === poll || exchange === post { end("request failed") }
    }

    func wireOpened(_ opened: Wire) {
        if opened === probe { network.toServer(opened, .text("2probe")) }
    }

    func frameArrived(_ from: Wire, _ frame: Frame) {
        if from === probe {
            guard case .text("3probe") = frame, state == .polling else { return }
            state = .pausing
            switchIfPaused()
            return
        }
        guard from === wire, state == .websocket else { return }
        switch frame {
        case .text(let packet): take(packet)
        case .binary(let data): take("4" + (pings ? data.dropFirst() : data[...]))
        }
    }

    func wireLost(_ lost: Wire) {
        lost.isOverAtClient = true
        if lost === wire {
            if lost.isFinished, !lost.isCut, !isTainted {
                world.expect(received == serverSent(), "closed with \(received) of \(serverSent())")
            }
            wire = nil
            return end("WebSocket lost")
        }
        guard lost === probe else { return }
        probe = nil
        if state == .pausing {
            state = .polling
            flush()
            pollAgain()
        }
    }

    // MARK: What follows

    private func pollAgain() {
        guard state == .polling, poll == nil else { return }
        poll = network.request(.poll)
    }

    private func take(_ packet: String) {
        guard state != .closed else { return }
        if pings {
            world.expect(packet != "2", "the server pings a client that does")
            if packet == "3" { planPing() }
        } else if packet == "2" {
            outbox.append(.text("3"))
            flush()
        }
        if packet.hasPrefix("4s"), !isTainted {
            world.expect(packet == "4s\(received)", "the client got \(packet) instead of 4s\(received)")
            received += 1
        }
    }

    private func switchIfPaused() {
        guard state == .pausing, poll == nil, post == nil, let probe else { return }
        state = .websocket
        wire = probe
        self.probe = nil
        network.toServer(probe, .text("5"))
        flush()
    }

    private func flush() {
        switch state {
        case .closed, .pausing: return
        case .websocket:
            guard let wire else { return }
            for frame in outbox {
                guard pings, case .binary(let data) = frame else {
                    network.toServer(wire, frame)
                    continue
                }
                network.toServer(wire, .binary(SimulatedPayload.binary(data, .three)))
            }
            outbox = []
        case .polling:
            guard post == nil, !outbox.isEmpty else { return }
            let body = outbox.map { frame in
                switch frame {
                case .text(let packet): return packet
                case .binary(let data):
                    var buffer = ByteBuffer(string: "b")
                    Array(data.utf8).withUnsafeBytes { Base64.encode($0, into: &buffer) }
                    return String(buffer: buffer)
                }
            }
            outbox = []
            post = network.request(.post, body)
        }
    }

    private func end(_ why: String, quietly: Bool = false) {
        guard state != .closed else { return }
        world.note("client ends: \(why)")
        state = .closed
        for wire in [wire, probe].compactMap({ $0 }) where !quietly { network.closeFromClient(wire) }
        wire = nil
        probe = nil
    }
}
