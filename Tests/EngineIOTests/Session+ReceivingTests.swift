import EngineIO
import Testing

@Suite struct SessionReceivingTests {
    @Test(arguments: Transport.allCases)
    func `messages are the application's`(wire: Transport) {
        let bench = Bench(wire)
        #expect(bench.packet("4", wire) == .message)
        #expect(bench.packet("42[\"a\"]", wire) == .message)
    }

    @Test(arguments: Transport.allCases)
    func `E5 a ping from the client closes the session`(wire: Transport) {
        for ping in ["2", "2probe", "2x"] {
            let bench = Bench(wire)
            #expect(bench.packet(ping, wire) == .close(.with(.transportError, webSocket: wire == .websocket)))
        }
    }

    @Test(arguments: Transport.allCases)
    func `E5 extra pongs and noops are ignored, a flood closes the session`(wire: Transport) {
        let bench = Bench(wire)
        for _ in 0..<50 {
            #expect(bench.packet("3", wire) == .ignored)
            #expect(bench.packet("6", wire) == .ignored)
        }
        #expect(bench.packet("3", wire) == .close(.with(.transportError, webSocket: wire == .websocket)))
    }

    @Test func `a client that closes by POST has its poll answered with a noop`() {
        let bench = Bench(.polling)
        _ = bench.poll()
        #expect(bench.post("1").ending == .with(.transportClose, poll: .noop))
        #expect(bench.poll() == .refuse(.unknownSession, nil))
    }

    @Test func `a client that closes on its WebSocket gets it closed`() {
        #expect(Bench(.websocket).packet("1", .websocket) == .close(.with(.transportClose, webSocket: true)))
    }

    @Test func `a client that closes by POST while it probes gets the WebSocket closed as well`() {
        #expect(Bench.probed().packet("1", .polling) == .close(.with(.transportClose, webSocket: true)))
    }

    @Test(arguments: ["", "x", "7", "abc", "b", "b!!", "\u{1e}", "é", "0", "0{}", "5"])
    func `anything else on a WebSocket is a parse error`(word: String) {
        #expect(Bench(.websocket).packet(word, .websocket) == .close(.with(.parseError, webSocket: true)))
    }

    @Test(arguments: ["", "x", "7", "abc", "b!!", "\u{1e}", "0", "5", "4a\u{1e}", "\u{1e}4a"])
    func `anything else in a POST is a parse error`(body: String) {
        let bench = Bench(.polling)
        _ = bench.poll()
        #expect(bench.post(body).ending == .with(.parseError, poll: .close))
    }

    @Test func `after the end everything is ignored`() {
        for bench in [Bench(.websocket), Bench(.polling)] {
            _ = bench.fail(.transportError)
            for type in PacketType.allCases {
                for wire in Transport.allCases {
                    #expect(bench.receiveNothing(type, over: wire) == .ignored)
                }
            }
            #expect(bench.receiveNothing(nil, over: .websocket) == .ignored)
        }
    }
}
