import EngineIO
import NIOCore
import Testing

@Suite struct SessionPollingTests {
    @Test func `the answer to the handshake carries the open packet and what was sent in the same turn`() {
        let bench = Bench(.polling, opened: false)
        #expect(bench.hasOpenPoll)
        #expect(bench.send("0{\"sid\":\"a\"}") == .answerPoll)
        #expect(bench.send("4hi") == .answerPoll)
        #expect(bench.answer() == "0{\"sid\":\"a\"}\u{1e}4hi")
        #expect(!bench.hasOpenPoll)
        #expect(bench.queuedBytes == 0)
    }

    @Test func `a poll is held until there is something to say`() {
        let bench = Bench(.polling)
        #expect(!bench.isWritable)
        #expect(bench.poll() == .hold)
        #expect(bench.isWritable)
        #expect(bench.send("4a") == .answerPoll)
        #expect(bench.send("4b") == .answerPoll)
        #expect(bench.answer() == "4a\u{1e}4b")
        #expect(!bench.isWritable)
    }

    @Test func `what was sent between polls waits for the next one`() {
        let bench = Bench(.polling)
        #expect(bench.send("4a") == .queued)
        #expect(bench.send(.binary([1, 2, 3, 4])) == .queued)
        #expect(bench.queuedPackets == 2)
        #expect(bench.queuedBytes == 13)
        #expect(bench.poll() == .answer)
        #expect(bench.answer() == "4a\u{1e}bAQIDBA==")
        #expect(bench.poll() == .hold)
    }

    @Test func `an answer stays below the limit, and the rest waits`() {
        let bench = Bench(.polling)
        for index in 0..<5 { _ = bench.send("4-\(index)") }
        _ = bench.poll()
        #expect(bench.answer(limit: 7) == "4-0\u{1e}4-1")
        #expect(bench.poll() == .answer)
        #expect(bench.answer(limit: 6) == "4-2")
        _ = bench.poll()
        #expect(bench.answer(limit: 0) == "4-3")
        _ = bench.poll()
        var buffer = ByteBuffer()
        #expect(bench.take(into: &buffer) == .all)
        #expect(buffer.text == "4-4")
    }

    @Test func `a poll that waits is answered directly with a message that was not queued`() {
        let bench = Bench(.polling)
        let hadPoll = bench.session.awaitsFirstMessage
        #expect(bench.poll() == .hold)
        let (waits, isAnswered) = (bench.session.awaitsFirstMessage, bench.session.answerPollDirectly())
        #expect(!hadPoll && waits && isAnswered)
        #expect(!bench.hasOpenPoll && !bench.isWritable)
        let again = bench.session.answerPollDirectly()
        #expect(!again)
        // The next poll is one like any other.
        #expect(bench.poll() == .hold)
        #expect(bench.send("4b") == .answerPoll)
        #expect(bench.answer() == "4b")
    }

    @Test func `a poll for which something is queued is not answered past that`() {
        let bench = Bench(.polling)
        _ = bench.poll()
        _ = bench.send("4a")
        let isAnswered = bench.session.answerPollDirectly()
        #expect(!isAnswered && bench.hasOpenPoll)
        #expect(bench.answer() == "4a")
    }

    @Test func `a session that is closing, or has another format or transport, has no direct answer`() {
        let closing = Bench(.polling)
        _ = closing.poll()
        _ = closing.session.close(.forcedClose, now: closing.now)
        let old = Bench(.polling, configuration: SessionConfiguration(revision: .three))
        _ = old.poll()
        let webSocket = Bench(.websocket)
        for bench in [closing, old, webSocket] {
            let isAnswered = bench.session.answerPollDirectly()
            #expect(!isAnswered)
        }
    }

    @Test func `without an open poll nothing is written`() {
        let bench = Bench(.polling)
        _ = bench.send("4a")
        #expect(bench.answer() == "")
        #expect(bench.queuedPackets == 1)
    }

    @Test func `E7 a second poll is refused and closes the session, and the first is told`() {
        let bench = Bench(.polling)
        _ = bench.poll()
        #expect(bench.poll() == .refuse(.badRequest, .with(.transportError, poll: .close)))
        #expect(bench.isClosed)
        #expect(bench.poll() == .refuse(.unknownSession, nil))
    }

    @Test func `E7 a second POST is refused and closes the session`() {
        let bench = Bench(.polling)
        _ = bench.poll()
        #expect(bench.post() == .read)
        #expect(bench.post() == .refuse(.badRequest, .with(.transportError, poll: .close)))
        #expect(bench.packet("4late", .polling) == .ignored)
        #expect(bench.post() == .refuse(.unknownSession, nil))
    }

    @Test func `one POST after the other is fine`() {
        let bench = Bench(.polling)
        for index in 0..<10 { #expect(bench.post("4\(index)").messages == ["\(index)"]) }
    }

    @Test func `a poll whose connection is lost ends the session`() {
        let bench = Bench(.polling)
        _ = bench.poll()
        #expect(bench.pollLost() == .with(.transportError))
        #expect(bench.pollLost() == nil)
    }

    @Test func `a POST whose connection is lost ends the session and the poll`() {
        let bench = Bench(.polling)
        _ = bench.poll()
        _ = bench.post()
        #expect(bench.postLost(.transportClose) == .with(.transportClose, poll: .close))
    }

    @Test func `E3 a bomb of separators closes the session at its first packet`() {
        let bench = Bench(.polling)
        _ = bench.poll()
        let result = bench.post(String(repeating: "\u{1e}", count: 1_000_000))
        #expect(result.messages.isEmpty)
        #expect(result.ending == .with(.parseError, poll: .close))
    }

    @Test func `E4 a flood of control packets closes the session, a flood of messages does not`() {
        let flood = Bench(.polling)
        let pongs = String(repeating: "3\u{1e}", count: 500_000) + "3"
        #expect(flood.post(pongs).ending == .with(.parseError))
        let busy = Bench(.polling)
        let body = (0..<5_000).map { "42[\"a\",\($0)]" }.joined(separator: "\u{1e}")
        let result = busy.post(body)
        #expect(result.ending == nil)
        #expect(result.messages == (0..<5_000).map { "2[\"a\",\($0)]" })
    }

    @Test func `E13 bad base64 closes the session, and so does a body of the wrong type`() {
        let bench = Bench(.polling)
        #expect(bench.post("4ok\u{1e}b!!!").messages == ["ok"])
        #expect(bench.isClosed)
        let wrongType = Bench(.polling)
        _ = wrongType.post()
        #expect(wrongType.fail(.transportError) == .with(.transportError))
        #expect(wrongType.fail(.transportError) == nil)
    }
}
