import Testing

@testable import LoadGenerator

@Suite struct DialogueTests {
    private func plan(_ dialect: LoadPlan.Dialect, _ transport: LoadPlan.Transport) throws -> LoadPlan {
        let server = try #require(ServerAddress("http://h:1/socket.io/?a=b"))
        return LoadPlan(scenario: .echo, server: server, dialect: dialect, transport: transport)
    }

    /// What arrives when the bytes come in pieces of that size.
    private func hear(
        _ dialogue: Dialogue, _ text: [UInt8], lane: Int = 0, pieces: Int
    ) throws(LoadError) -> [String] {
        var heard: [String] = []
        var start = 0
        while start < text.count {
            let piece = Array(text[start..<min(text.count, start + pieces)])
            start += pieces
            var failure: LoadError?
            piece.withUnsafeBytes { bytes in
                do throws(LoadError) {
                    try dialogue.receive(bytes, lane: lane) { arrival in
                        switch arrival {
                        case .ready: heard.append("ready")
                        case .message(let message): heard.append(String(decoding: message, as: UTF8.self))
                        }
                    }
                } catch {
                    failure = error
                }
            }
            if let failure { throw failure }
        }
        return heard
    }

    private func frame(_ text: String, first: UInt8 = 0x81) -> [UInt8] {
        let bytes = Array(text.utf8)
        return bytes.count < 126
            ? [first, UInt8(bytes.count)] + bytes
            : [first, 126, UInt8(bytes.count >> 8), UInt8(bytes.count & 0xFF)] + bytes
    }

    /// The RFC's own example key and answer cannot be used: the key is the client's.
    private func accept(_ dialogue: Dialogue) throws -> [UInt8] {
        let request = String(decoding: dialogue.output[0], as: UTF8.self)
        dialogue.output[0] = []
        let key = try #require(request.firstMatch(of: #/Sec-WebSocket-Key: (\S+)\r\n/#)?.1)
        #expect(request.hasPrefix("GET /socket.io/?a=b"))
        return Array(
            "HTTP/1.1 101 Switching Protocols\r\nsec-websocket-accept: \(Accept.value(for: String(key)))\r\n\r\n".utf8)
    }

    @Test(arguments: [1, 2, 3, 7, 1_000_000])
    func `a Socket.IO client gets in over WebSocket, answers pings, and hears its messages`(pieces: Int) throws {
        let dialogue = WebSocketDialogue(plan: try self.plan(.socketIO, .webSocket), random: 7)
        dialogue.opened(lane: 0)
        var bytes = try self.accept(dialogue)
        bytes += self.frame(#"0{"sid":"abc","upgrades":[],"pingInterval":1,"pingTimeout":1,"maxPayload":9}"#)
        bytes += self.frame(#"40{"sid":"def"}"#) + self.frame("2") + self.frame("430[1]")
        bytes += self.frame("42[\"a", first: 0x01) + self.frame("\",1]", first: 0x80)
        bytes += self.frame("42[\"" + String(repeating: "y", count: 300) + "\"]")
        let long = "2[\"" + String(repeating: "y", count: 300) + "\"]"
        #expect(try self.hear(dialogue, bytes, pieces: pieces) == ["ready", "30[1]", "2[\"a\",1]", long])
        #expect(Unmasked.texts(dialogue.output[0]) == ["40", "3"])
    }

    @Test func `a plain client is in with the handshake, and its messages are masked`() throws {
        let dialogue = WebSocketDialogue(plan: try self.plan(.webSocket, .webSocket), random: 7)
        dialogue.opened(lane: 0)
        #expect(try self.hear(dialogue, self.accept(dialogue) + self.frame("hello"), pieces: 5) == ["ready", "hello"])
        for text in ["x", String(repeating: "z", count: 200), String(repeating: "z", count: 70_000)] {
            dialogue.output[0] = []
            Array(text.utf8).withUnsafeBytes { dialogue.send($0) }
            #expect(Unmasked.texts(dialogue.output[0]) == [text])
        }
    }

    @Test(arguments: [
        ("HTTP/1.1 503 Service Unavailable\r\n\r\n", "HTTP 503"),
        ("HTTP/1.1 101 x\r\nsec-websocket-accept: nonsense\r\n\r\n", "a wrong Sec-WebSocket-Accept"),
        ("HTTP/1.1 200 OK\r\n\r\nhello", "HTTP 200"),
        ("SSH-2.0-OpenSSH_9.2\r\n", "an answer that is not HTTP"),
        ("HTTP/1.1 101 \(String(repeating: "x", count: 70_000))", "an endless HTTP head"),
    ])
    func `a refusal is named`(_ answer: String, _ reason: String) throws {
        let dialogue = WebSocketDialogue(plan: try self.plan(.socketIO, .webSocket), random: 7)
        dialogue.opened(lane: 0)
        let error = #expect(throws: LoadError.self) { try self.hear(dialogue, Array(answer.utf8), pieces: 9) }
        #expect(error?.description == reason)
    }

    @Test(arguments: [
        (200, "", "neither WebSocket nor Socket.IO"),
        (302, "Location: https://other/\u{1B}x", "redirects to https://other/x: give that URL"),
        (404, "", "an endpoint at /socket.io/"), (503, "", "lets no more clients in"),
    ])
    func `a refusal says what to do`(_ status: Int, _ field: String, _ words: String) throws {
        for dialogue in [
            WebSocketDialogue(plan: try self.plan(.socketIO, .webSocket), random: 7),
            PollingDialogue(plan: try self.plan(.socketIO, .polling)),
        ] where status != 200 || dialogue is WebSocketDialogue {
            dialogue.opened(lane: 0)
            let answer = Array("HTTP/1.1 \(status) x\r\n\(field)\r\n\r\n".utf8)
            let error = #expect(throws: LoadError.self) { try self.hear(dialogue, answer, pieces: 9) }
            #expect(error?.description == "HTTP \(status)")
            #expect(error?.line.contains(words) == true)
        }
    }

    @Test func `a page of another kind is no handshake`() throws {
        let dialogue = PollingDialogue(plan: try self.plan(.socketIO, .polling))
        dialogue.opened(lane: 0)
        let error = #expect(throws: LoadError.self) { try self.hear(dialogue, self.response("<html>"), pieces: 9) }
        #expect(error?.line == "no Engine.IO handshake (does it speak Socket.IO at /socket.io/?)")
    }

    @Test func `a client that is let in and hears nothing is told which protocol it speaks`() throws {
        let dialogue = WebSocketDialogue(plan: try self.plan(.socketIO, .webSocket), random: 7)
        dialogue.opened(lane: 0)
        #expect(dialogue.silence(within: .seconds(10)).description == "no answer within 10.0 seconds")
        _ = try self.hear(dialogue, self.accept(dialogue), pieces: 9)
        #expect(dialogue.silence(within: .seconds(10)).line.contains("--protocol websocket"))
    }

    @Test(arguments: [1, 5, 1_000_000])
    func `a polling client gets in, posts one request at a time, and polls on`(pieces: Int) throws {
        let dialogue = PollingDialogue(plan: try self.plan(.socketIO, .polling))
        dialogue.opened(lane: 0)
        let request = String(decoding: dialogue.output[0], as: UTF8.self)
        #expect(request.hasPrefix("GET /socket.io/?a=b&EIO=4&transport=polling HTTP"))
        dialogue.output[0] = []
        let handshake = #"0{"sid":"abc"}"#
        #expect(try self.hear(dialogue, self.response(handshake), pieces: pieces) == [])
        #expect(String(decoding: dialogue.output[0], as: UTF8.self).contains("&sid=abc HTTP"))
        dialogue.opened(lane: 1)
        #expect(String(decoding: dialogue.output[1], as: UTF8.self).hasSuffix("Content-Length: 2\r\n\r\n40"))
        dialogue.output[1] = []
        let arrived = try self.hear(dialogue, self.response("40{\"sid\":\"d\"}\u{1E}2\u{1E}42[\"a\"]"), pieces: pieces)
        #expect(arrived == ["ready", "2[\"a\"]"])
        Array("2[\"b\"]".utf8).withUnsafeBytes { dialogue.send($0) }
        #expect(dialogue.output[1].isEmpty, "a post is on its way")
        _ = try self.hear(dialogue, self.response("ok"), lane: 1, pieces: pieces)
        #expect(String(decoding: dialogue.output[1], as: UTF8.self).hasSuffix("3\u{1E}42[\"b\"]"))
    }

    @Test(arguments: [1, 4, 1_000_000])
    func `an answer may come in chunks`(pieces: Int) throws {
        let dialogue = PollingDialogue(plan: try self.plan(.socketIO, .polling))
        dialogue.opened(lane: 0)
        _ = try self.hear(dialogue, self.response(#"0{"sid":"abc"}"#), pieces: pieces)
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        let chunks = "6\r\n40{}\u{1E}4\r\nA;x=y\r\n2[\"abcdef\"\r\n1\r\n]\r\n0\r\n\r\n"
        #expect(try self.hear(dialogue, Array((head + chunks).utf8), pieces: pieces) == ["ready", "2[\"abcdef\"]"])
        #expect(throws: LoadError.self) { try self.hear(dialogue, Array((head + "zz\r\n").utf8), pieces: pieces) }
    }

    private func response(_ body: String) -> [UInt8] {
        Array("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)".utf8)
    }
}
