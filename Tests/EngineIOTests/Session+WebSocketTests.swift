import EngineIO
import Randomness
import Testing

@Suite struct SessionWebSocketTests {
    @Test func `an upgrade in the order of the protocol`() {
        let bench = Bench(.polling)
        #expect(bench.poll() == .hold)
        #expect(bench.upgradeRequest() == .acceptAsProbe)
        #expect(bench.isWritable)
        #expect(bench.packet("2probe", .websocket) == .answerProbe(releasePoll: true))
        #expect(bench.answer() == "6")
        #expect(bench.packet("5", .websocket) == .upgraded(releasePoll: false))
        #expect(bench.transport == .websocket)
        #expect(bench.isWritable)
        #expect(bench.send("4now") == .writeNow)
        #expect(bench.packet("4hello", .websocket) == .message)
        #expect(bench.isConsistent)
    }

    @Test func `E10 what was queued during the switch goes first, and nothing overtakes it`() {
        let bench = Bench.probed()
        #expect(!bench.isWritable)
        #expect(bench.send("4a") == .queued)
        #expect(bench.send("4b") == .queued)
        #expect(bench.packet("5", .websocket) == .upgraded(releasePoll: false))
        #expect(bench.send("4c") == .queued)
        #expect(bench.frames() == ["4a", "4b", "4c"])
        #expect(bench.send("4d") == .writeNow)
        #expect(bench.queuedBytes == 0)
    }

    @Test(arguments: 1...5 as ClosedRange<UInt64>)
    func `E10 ten thousand messages across a switch at a random point arrive once each, in order`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let bench = Bench(.polling)
        let steps = [random.below(10_000), random.below(10_000), random.below(10_000)].sorted()
        var arrived: [Substring] = []
        for number in 0..<10_000 {
            if number == steps[0] { #expect(bench.upgradeRequest() == .acceptAsProbe) }
            if number == steps[1], case .answerProbe(true) = bench.packet("2probe", .websocket) {
                arrived += bench.answer().split(separator: "\u{1e}").filter { $0 != "6" }
            }
            if number == steps[2] {
                #expect(bench.packet("5", .websocket) == .upgraded(releasePoll: false))
                arrived += bench.frames().map { $0[...] }
            }
            switch bench.send("4\(number)") {
            case .writeNow: arrived.append("4\(number)")
            case .queued, .answerPoll: break
            case .dropped: Issue.record("dropped")
            }
            let isPolling = number < steps[1] || number < steps[2] && bench.queuedPackets > 0
            if isPolling, random.oneIn(10), bench.hasOpenPoll || bench.poll() == .answer {
                arrived += bench.answer(limit: 20).split(separator: "\u{1e}")
            }
        }
        #expect(arrived.elementsEqual((0..<10_000).map { "4\($0)" }))
    }

    @Test func `E10 a poll during the switch takes what is queued, else it is released at once`() {
        let bench = Bench.probed()
        #expect(bench.poll() == .answerNoop)
        #expect(bench.send("4a") == .queued)
        #expect(bench.poll() == .answer)
        #expect(bench.answer() == "4a")
        #expect(bench.packet("5", .websocket) == .upgraded(releasePoll: false))
        #expect(bench.frames() == [])
    }

    @Test func `E10 a probe that finds a poll about to be answered lets it be answered`() {
        let bench = Bench(.polling)
        _ = bench.poll()
        _ = bench.upgradeRequest()
        #expect(bench.send("4a") == .answerPoll)
        #expect(bench.packet("2probe", .websocket) == .answerProbe(releasePoll: true))
        #expect(bench.answer() == "4a")
        #expect(bench.answer() == "")
    }

    @Test func `a client that polls on during the switch is slowed down to one answer in 100 ms`() {
        let bench = Bench.probed()
        for _ in 0..<4 { #expect(bench.poll() == .answerNoop) }
        #expect(bench.poll() == .hold)
        #expect(bench.nextDeadline == Bench.start + .milliseconds(100))
        bench.after(.milliseconds(100))
        #expect(bench.tick() == .answerPoll(next: Bench.start + .seconds(10)))
        #expect(bench.answer() == "6")
        #expect(bench.poll() == .hold)
        #expect(bench.send("4a") == .answerPoll)
        #expect(bench.answer() == "4a")
        #expect(bench.nextDeadline == Bench.start + .seconds(10))
    }

    @Test func `a poll held during the switch is released when it ends either way`() {
        func held() -> Bench {
            let bench = Bench.probed()
            for _ in 0..<5 { _ = bench.poll() }
            return bench
        }
        let upgraded = held()
        #expect(upgraded.packet("5", .websocket) == .upgraded(releasePoll: true))
        #expect(!upgraded.hasOpenPoll)
        #expect(upgraded.isConsistent)
        for word in ["4too soon", "x"] {
            let refused = held()
            #expect(refused.packet(word, .websocket) == .closeProbe)
            #expect(refused.isConsistent)
            #expect(refused.nextDeadline == Bench.start + .seconds(25))
        }
        let late = held()
        late.after(.seconds(10))
        #expect(late.tick() == .closeProbe(next: Bench.start + .seconds(25)))
        #expect(late.isConsistent)
        let lost = held()
        #expect(lost.webSocketLost() == .probeEnded)
        #expect(lost.hasOpenPoll)
        #expect(lost.nextDeadline == Bench.start + .seconds(25))
        #expect(lost.send("4a") == .answerPoll)
    }

    @Test func `E2 a probing WebSocket that is lost at any point leaves the session polling`() {
        for words in [[], ["2probe"]] {
            let bench = Bench(.polling)
            _ = bench.upgradeRequest()
            for word in words { _ = bench.packet(word, .websocket) }
            #expect(bench.send("4kept") == .queued)
            #expect(bench.webSocketLost(.transportError) == .probeEnded)
            #expect(bench.webSocketLost() == .ignored)
            #expect(bench.poll() == .answer)
            #expect(bench.answer() == "4kept")
            #expect(bench.poll() == .hold)
        }
    }

    @Test func `the loss of the current WebSocket ends the session`() {
        for bench in [Bench(.websocket), Bench.upgraded()] {
            #expect(bench.webSocketLost(.transportError) == .close(.with(.transportError)))
            #expect(bench.webSocketLost() == .ignored)
            #expect(bench.send("4x") == .dropped)
        }
    }

    @Test func `E8 a second WebSocket is closed at once and harms nobody`() {
        let probing = Bench(.polling)
        _ = probing.upgradeRequest()
        #expect(probing.upgradeRequest() == .acceptThenClose)
        #expect(probing.packet("2probe", .websocket) == .answerProbe(releasePoll: false))
        #expect(probing.upgradeRequest() == .acceptThenClose)
        #expect(probing.packet("5", .websocket) == .upgraded(releasePoll: false))
        #expect(probing.upgradeRequest() == .acceptThenClose)
        #expect(probing.packet("4fine", .websocket) == .message)
        #expect(Bench(.websocket).upgradeRequest() == .acceptThenClose)
    }

    @Test func `E8 polling after the upgrade is refused and harms nobody`() {
        let bench = Bench.upgraded()
        #expect(bench.poll() == .refuse(.badRequest, nil))
        #expect(bench.post() == .refuse(.badRequest, nil))
        #expect(bench.packet("4hello", .websocket) == .message)
    }

    @Test func `no upgrade where it is not offered`() {
        for configuration in [
            SessionConfiguration(allowUpgrades: false), SessionConfiguration(transports: .polling),
        ] {
            let bench = Bench(.polling, configuration: configuration)
            #expect(bench.upgradeRequest() == .refuse(.badRequest, nil))
            #expect(bench.poll() == .hold)
        }
    }

    @Test func `no upgrade of a session that is closing or closed`() {
        let bench = Bench(.polling)
        _ = bench.close()
        #expect(bench.upgradeRequest() == .refuse(.badRequest, nil))
        _ = bench.poll()
        #expect(bench.answer() == "1")
        #expect(bench.upgradeRequest() == .refuse(.unknownSession, nil))
    }

    @Test(arguments: ["4hello", "2", "2probe!", "3probe", "5", "6", "0", "1", "", "x", "b", "42[\"a\"]"])
    func `a probing WebSocket may only probe`(word: String) {
        let bench = Bench(.polling)
        _ = bench.upgradeRequest()
        #expect(bench.packet(word, .websocket) == .closeProbe)
        #expect(bench.packet("2probe", .websocket) == .ignored)
        #expect(bench.poll() == .hold)
    }

    @Test(arguments: ["4hello", "2probe", "2", "3", "6", "0", "1", "", "x"])
    func `after its probe it may only upgrade`(word: String) {
        let bench = Bench.probed()
        #expect(bench.packet(word, .websocket) == .closeProbe)
        #expect(bench.poll() == .hold)
        #expect(bench.isOpen)
    }

    @Test func `a POST that outlives the switch is ignored`() {
        let bench = Bench.probed()
        #expect(bench.post() == .read)
        _ = bench.packet("5", .websocket)
        #expect(bench.packet("4late", .polling) == .ignored)
        bench.session.postEnded()
        #expect(bench.postLost() == nil)
        #expect(bench.pollLost() == nil)
        #expect(bench.isOpen)
    }
}
