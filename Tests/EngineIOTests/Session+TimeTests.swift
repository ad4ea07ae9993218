import EngineIO
import Testing

@Suite struct SessionTimeTests {
    @Test func `pings are sent by polling until the switch, and by the WebSocket from then on`() {
        let quick = Bench.probed(configuration: SessionConfiguration(pingInterval: .seconds(1)))
        quick.after(.seconds(1))
        #expect(quick.tick() == .sendPing(.queued, next: Bench.start + .seconds(10)))
        #expect(quick.poll() == .answer)
        #expect(quick.answer() == "2")
        #expect(quick.packet("5", .websocket) == .upgraded(releasePoll: false))
        #expect(quick.packet("3", .websocket) == .ignored)
        quick.after(.seconds(2))
        #expect(quick.tick() == .sendPing(.writeNow, next: Bench.start + .seconds(22)))
    }

    @Test(arguments: Transport.allCases)
    func `E6 a client that stops answering is closed at pingInterval + pingTimeout`(transport: Transport) {
        let bench = Bench(transport)
        bench.after(.seconds(25))
        let sent: Session.SendDecision = transport == .polling ? .queued : .writeNow
        #expect(bench.tick() == .sendPing(sent, next: Bench.start + .seconds(45)))
        bench.after(.seconds(45))
        #expect(bench.tick() == .close(.with(.pingTimeout, webSocket: transport == .websocket)))
        #expect(bench.isClosed)
        #expect(bench.nextDeadline == nil)
        #expect(bench.tick() == .none)
    }

    @Test func `E6 a poll that waits is answered with close when the client stops answering pings`() {
        let bench = Bench(.polling)
        bench.after(.seconds(25))
        _ = bench.tick()
        _ = bench.poll()
        #expect(bench.answer() == "2")
        #expect(bench.poll() == .hold)
        bench.after(.seconds(45))
        #expect(bench.tick() == .close(.with(.pingTimeout, poll: .close)))
    }

    @Test func `E6 a request that comes at the deadline finds no session, whether or not a timer has run`() {
        func late() -> Bench {
            let bench = Bench(.polling)
            bench.after(.seconds(25))
            _ = bench.tick()
            bench.after(.seconds(45))
            return bench
        }
        #expect(late().poll() == .refuse(.unknownSession, .with(.pingTimeout)))
        #expect(late().post() == .refuse(.unknownSession, .with(.pingTimeout)))
        #expect(late().upgradeRequest() == .refuse(.unknownSession, .with(.pingTimeout)))
        #expect(late().packet("4late", .polling) == .close(.with(.pingTimeout)))
        let bench = late()
        #expect(bench.isExpired)
        bench.after(.seconds(44))
        #expect(!bench.isExpired)
    }

    @Test(arguments: Transport.allCases)
    func `a client that answers every ping lives for a year`(transport: Transport) {
        let bench = Bench(transport)
        for day in 1...3 {
            bench.run(until: .seconds(86_400 * day), answeringPings: true)
            if transport == .polling, bench.queuedBytes > 0 {
                _ = bench.poll()
                _ = bench.answer()
            }
        }
        #expect(bench.isOpen)
    }

    @Test func `other packets say nothing about the heartbeat`() {
        let bench = Bench(.websocket)
        bench.after(.seconds(25))
        _ = bench.tick()
        for second in 26..<45 {
            bench.after(.seconds(second))
            #expect(bench.packet("4busy", .websocket) == .message)
        }
        bench.after(.seconds(45))
        #expect(bench.packet("4busy", .websocket) == .close(.with(.pingTimeout, webSocket: true)))
    }

    @Test func `E9 an upgrade that is never completed ends after 10 s, and polling goes on`() {
        for words in [[], ["2probe"]] {
            let bench = Bench(.polling)
            _ = bench.upgradeRequest()
            for word in words { _ = bench.packet(word, .websocket) }
            #expect(bench.nextDeadline == Bench.start + .seconds(10))
            bench.after(.milliseconds(9_999))
            #expect(bench.tick() == .wait(until: Bench.start + .seconds(10)))
            bench.after(.seconds(10))
            #expect(bench.tick() == .closeProbe(next: Bench.start + .seconds(25)))
            #expect(bench.poll() == .hold)
            #expect(bench.send("4still here") == .answerPoll)
            #expect(bench.answer() == "4still here")
            #expect(bench.upgradeRequest() == .acceptAsProbe)
        }
    }

    @Test func `a session that was closed and never polled again is forgotten after 30 s`() {
        let bench = Bench(.polling)
        #expect(bench.close() == .linger(until: Bench.start + .seconds(30), closeProbe: false))
        #expect(bench.nextDeadline == Bench.start + .seconds(30))
        bench.after(.seconds(29))
        #expect(bench.tick() == .wait(until: Bench.start + .seconds(30)))
        bench.after(.seconds(30))
        #expect(bench.tick() == .close(.with(.forcedServerClose)))
    }
}
