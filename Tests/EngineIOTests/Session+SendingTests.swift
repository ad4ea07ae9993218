import EngineIO
import NIOCore
import Testing

@Suite struct SessionSendingTests {
    @Test func `a WebSocket is written at once and nothing is kept`() {
        let bench = Bench(.websocket)
        #expect(bench.isWritable)
        #expect(bench.send("4a") == .writeNow)
        #expect(bench.queuedBytes == 0)
    }

    @Test func `a WebSocket session that is closed is over at once`() {
        let bench = Bench(.websocket)
        #expect(bench.close() == .ended(.with(.forcedServerClose, webSocket: true)))
        #expect(bench.send("4a") == .dropped)
        #expect(bench.close() == .none)
        #expect(!bench.isWritable)
    }

    @Test func `closing answers the open poll with the close packet`() {
        let bench = Bench(.polling)
        _ = bench.poll()
        #expect(bench.close() == .answerPoll(closeProbe: false))
        #expect(bench.send("4late") == .dropped)
        var buffer = ByteBuffer()
        #expect(bench.take(into: &buffer) == .last(.forcedServerClose))
        #expect(buffer.text == "1")
        #expect(bench.isClosed)
    }

    @Test func `closing delivers what was queued first, unless it is discarded`() {
        for discard in [false, true] {
            let bench = Bench(.polling)
            _ = bench.send("4a")
            #expect(bench.close(discard: discard) == .linger(until: Bench.start + .seconds(30), closeProbe: false))
            #expect(!bench.isWritable)
            #expect(bench.post() == .read)
            #expect(bench.packet("4ignored", .polling) == .ignored)
            bench.session.postEnded()
            #expect(bench.poll() == .answer)
            #expect(bench.answer() == (discard ? "1" : "4a\u{1e}1"))
            #expect(bench.isClosed)
        }
    }

    @Test func `a long queue is closed over several polls`() {
        for (count, expected) in [(3, ["40\u{1e}41", "42\u{1e}1"]), (2, ["40\u{1e}41", "1"])] {
            let bench = Bench(.polling)
            for index in 0..<count { _ = bench.send("4\(index)") }
            _ = bench.close()
            var payloads: [String] = []
            while !bench.isClosed {
                #expect(bench.poll() == .answer)
                payloads.append(bench.answer(limit: 5))
            }
            #expect(payloads == expected)
        }
    }

    @Test func `a WebSocket that probes is closed with the session`() {
        let bench = Bench.probed()
        #expect(bench.close() == .linger(until: Bench.start + .seconds(30), closeProbe: true))
        #expect(bench.packet("5", .websocket) == .ignored)
        #expect(bench.poll() == .answer)
        #expect(bench.answer() == "1")
    }

    @Test func `a lost poll ends a closing session`() {
        let bench = Bench(.polling)
        _ = bench.close()
        _ = bench.poll()
        #expect(bench.pollLost() == .with(.transportError))
        #expect(bench.tick() == .none)
    }
}
