import EngineIO
import NIOCore
import Testing

@Suite struct SessionRevision3Tests {
    private func bench(_ transport: Transport = .polling, opened: Bool = true) -> Bench {
        Bench(transport, configuration: SessionConfiguration(revision: .three), opened: opened)
    }

    @Test func `answers carry the length of each packet`() {
        let bench = bench(opened: false)
        _ = bench.send("0{\"sid\":\"a\"}")
        _ = bench.send("40")
        #expect(bench.answer() == "12:0{\"sid\":\"a\"}2:40")
        #expect(bench.payloadFormat == .counted)
        _ = bench.send("4€😀")
        _ = bench.poll()
        #expect(bench.answer() == "4:4€😀")
    }

    @Test func `an answer with binary packets is of bytes, and the next one of text again`() {
        let bench = bench()
        _ = bench.send("4a")
        _ = bench.send(.binary([4, 0xff]))
        _ = bench.poll()
        var buffer = ByteBuffer()
        #expect(bench.take(into: &buffer) == .all)
        #expect(Array(buffer.readableBytesView) == [0, 2, 0xff, 0x34, 0x61, 1, 2, 0xff, 4, 0xff])
        #expect(bench.payloadFormat == .countedBytes)
        _ = bench.send("4b")
        _ = bench.poll()
        #expect(bench.answer() == "2:4b")
        #expect(bench.payloadFormat == .counted)
    }

    @Test func `a binary packet that does not fit any more leaves the answer before it text`() {
        let bench = bench()
        _ = bench.send("4a")
        _ = bench.send(.binary([4] + [UInt8](repeating: 7, count: 50)))
        _ = bench.poll()
        #expect(bench.answer(limit: 40) == "2:4a")
        _ = bench.poll()
        var buffer = ByteBuffer()
        #expect(bench.take(into: &buffer) == .all)
        #expect(Array(buffer.readableBytesView.prefix(5)) == [1, 5, 1, 0xff, 4])
    }

    @Test func `nothing to say is a noop, the end is a close packet, each with its length`() {
        let bench = Bench.probed(configuration: SessionConfiguration(revision: .three))
        _ = bench.poll()
        #expect(bench.poll() != .hold)
        let closing = self.bench()
        _ = closing.send("4bye")
        #expect(closing.close() != .none)
        #expect(closing.poll() == .answer)
        #expect(closing.answer() == "4:4bye1:1")
        #expect(closing.isClosed)
    }

    @Test func `a ping is answered by a pong, in the poll or on the WebSocket`() {
        let polling = bench()
        _ = polling.poll()
        #expect(polling.packet("2", .polling) == .answerPing(.answerPoll))
        #expect(polling.answer() == "1:3")
        #expect(polling.packet("2", .polling) == .answerPing(.queued))
        let webSocket = bench(.websocket)
        #expect(webSocket.packet("2", .websocket) == .answerPing(.writeNow))
    }

    @Test func `E6 a client that never pings is closed after pingInterval + pingTimeout, whatever else it sends`() {
        let bench = bench(.websocket)
        #expect(bench.nextDeadline == Bench.start + .seconds(45))
        bench.after(.seconds(44))
        #expect(bench.packet("4still there", .websocket) == .message)
        #expect(bench.tick() == .wait(until: Bench.start + .seconds(45)))
        bench.after(.seconds(45))
        #expect(bench.tick() == .close(.with(.pingTimeout, webSocket: true)))
    }

    @Test func `E6 each ping gives the client as much again, for a year if it goes on`() {
        let bench = bench(.websocket)
        for round in 1...1_000 {
            bench.after(.seconds(44 * round))
            #expect(bench.packet("2", .websocket) == .answerPing(.writeNow))
            #expect(bench.tick() == .wait(until: Bench.start + .seconds(44 * round + 45)))
        }
    }

    @Test func `the server never pings`() {
        let bench = bench(.websocket)
        for second in 1..<45 {
            bench.after(.seconds(second))
            #expect(bench.tick() == .wait(until: Bench.start + .seconds(45)))
        }
    }

    @Test func `a pong, which only the server may send, ends the session`() {
        #expect(bench(.websocket).packet("3", .websocket) == .close(.with(.transportError, webSocket: true)))
        #expect(bench().packet("3", .polling) == .close(.with(.transportError)))
    }

    @Test func `a flood of pings ends the session`() {
        let bench = bench(.websocket)
        for _ in 0..<Heartbeat.strayLimit { #expect(bench.packet("2", .websocket) == .answerPing(.writeNow)) }
        #expect(bench.packet("2", .websocket) == .close(.with(.transportError, webSocket: true)))
    }

    @Test func `the switch to a WebSocket is that of protocol 4, with what was queued`() {
        let bench = bench()
        _ = bench.poll()
        #expect(bench.upgradeRequest() == .acceptAsProbe)
        #expect(bench.packet("2probe", .websocket) == .answerProbe(releasePoll: true))
        #expect(bench.answer() == "1:6")
        _ = bench.send("4a")
        _ = bench.send(.binary([4, 1]))
        #expect(bench.packet("5", .websocket) == .upgraded(releasePoll: false))
        #expect(bench.frames() == ["4a", "\u{4}\u{1}"])
        #expect(bench.packet("2", .websocket) == .answerPing(.writeNow))
    }

    @Test func `a frame that is no packet ends the session, or the probe alone`() {
        let bench = bench()
        _ = bench.upgradeRequest()
        #expect(bench.receiveUnknown() == .closeProbe)
        #expect(bench.isOpen)
        #expect(self.bench(.websocket).receiveUnknown() == .close(.with(.parseError, webSocket: true)))
    }
}
