import HandlerContract
import NIOCore
import Testing

@testable import Gateway

/// Backends that answer what they should not.
@Suite(.timeLimit(.minutes(5))) struct HTTPHandlerAbuseTests {
    @Test func `an endless answer is abandoned at its bound`() async throws {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
        let backend = try await ScriptedBackend { _ in .endless(after: head, chunk: 65_536, every: .microseconds(100)) }
        let handler = try HandlerFixture(url: backend.url, timeout: .seconds(30))
        handler.send("1", timeout: .seconds(30))
        #expect(await handler.only() == "failed handlerError")
        #expect(handler.log.lines.all.contains { $0.contains("larger than 1048576 bytes") })
        await handler.end()
        await backend.close()
    }

    @Test func `a drip does not outlive the deadline`() async throws {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
        let backend = try await ScriptedBackend { _ in .endless(after: head, chunk: 1, every: .milliseconds(20)) }
        let handler = try HandlerFixture(url: backend.url)
        // All of it would take hours.
        handler.send("1", timeout: .seconds(10))
        #expect(await handler.only() == "failed timeout")
        #expect(handler.log.lines.all.contains { $0.contains("timed out within the response") })
        await handler.end()
        await backend.close()
    }

    @Test(arguments: [301, 302, 303, 307, 308])
    func `a redirect is not followed`(status: Int) async throws {
        let other = try await ScriptedBackend { _ in .json("{}") }
        let target = other.url
        let backend = try await ScriptedBackend { _ in .status(status, headers: [("location", target)]) }
        let handler = try HandlerFixture(url: backend.url)
        handler.send("1")
        #expect(await handler.only() == "failed handlerError")
        #expect(other.requests.all.isEmpty)
        await handler.end()
        await backend.close()
        await other.close()
    }

    @Test(arguments: ["gzip", "br", "identity, deflate"])
    func `an encoded answer is not decoded`(encoding: String) async throws {
        let backend = try await ScriptedBackend { _ in .json("{}", headers: [("content-encoding", encoding)]) }
        let handler = try HandlerFixture(url: backend.url)
        handler.send("1")
        #expect(await handler.only() == "failed handlerError")
        #expect(handler.log.lines.all.contains { $0.contains("content-encoding") })
        await handler.end()
        await backend.close()
    }

    @Test func `header fields are bounded`() async throws {
        let fields = (1...100).map { ("x-\($0)", String(repeating: "a", count: 400)) }
        let backend = try await ScriptedBackend { _ in .json("{}", headers: fields) }
        let handler = try HandlerFixture(url: backend.url)
        handler.send("1")
        #expect(await handler.only() == "failed handlerError")
        #expect(handler.log.lines.all.contains { $0.contains("headers larger") })
        await handler.end()
        await backend.close()
    }

    @Test(arguments: [
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\n\r\n",
        "HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n",
        "SSH-2.0-OpenSSH_9.6\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 5\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nXYZ\r\n{}\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX-A: b\u{0}c\r\nContent-Length: 2\r\n\r\n{}",
    ])
    func `a response that is none fails its event, not the gateway`(response: String) async throws {
        let backend = try await ScriptedBackend { request in
            request.header("webhook-id") == "evt_1" ? .raw(response) : .status(204)
        }
        let handler = try HandlerFixture(url: backend.url)
        handler.send("1", timeout: .seconds(5))
        #expect(await handler.only().hasPrefix("failed "))
        handler.send("2")
        #expect(await handler.labels(2).last == "answer ")
        #expect(handler.log.lines.all.count == 1)
        await handler.end()
        await backend.close()
    }

    /// Answers may be there before all of a request is known to have been sent.
    @Test func `a backend that closes after every answer ends nothing else`() async throws {
        let backend = try await ScriptedBackend { _ in .last("HTTP/1.1 204 No Content\r\n\r\n") }
        let handler = try HandlerFixture(url: backend.url)
        let calls = 2_000
        for number in 1...calls { handler.send("\(number)", lane: "socket:\(number)", isIdempotent: true) }
        let ends = await handler.labels(calls)
        #expect(ends.count == calls)
        #expect(ends.contains("answer "))
        await handler.end()
        await backend.close()
    }

    @Test(arguments: [
        ("nonsense", "is not JSON"),
        ("[1", "is not JSON"),
        ("[]", "must be an object"),
        (#"{"ack":1}"#, "/ack"),
        (#"{"acks":[]}"#, "/acks"),
        (#"{"actions":[{"do":"fly"}]}"#, "/actions/0/do"),
        (#"{"actions":[{"do":"join","rooms":["a"]},{"do":"join","rooms":[1]}]}"#, "/actions/1/rooms/0"),
        (#"{"state":{"set":[]}}"#, "/state/set"),
        (#"{"error":{}}"#, "/error"),
    ])
    func `of a malformed answer nothing is used, and the log names the place`(
        answer: String, place: String
    ) async throws {
        let backend = try await ScriptedBackend { _ in .json(answer) }
        let handler = try HandlerFixture(url: backend.url)
        handler.send("1")
        #expect(await handler.only() == "failed handlerError")
        let lines = handler.log.lines.all
        #expect(lines.count == 1)
        let line = try #require(lines.first)
        #expect(line.contains(place))
        #expect(line.hasPrefix("warning handler backend: invalidAnswer"))
        #expect(line.contains("route=chat") && line.contains("event=evt_1"))
        await handler.end()
        await backend.close()
    }

    @Test func `the log line is one line, whatever an answer calls its keys`() async throws {
        let key = #"a\nb\u001b[31m"# + String(repeating: "k", count: 5_000)
        let backend = try await ScriptedBackend { _ in .json("{\"\(key)\":1}") }
        let handler = try HandlerFixture(url: backend.url)
        handler.send("1")
        #expect(await handler.only() == "failed handlerError")
        let line = try #require(handler.log.lines.all.first)
        #expect(line.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
        #expect(line.utf8.count < 1_000)
        await handler.end()
        await backend.close()
    }

    @Test func `what a client sends cannot add a header field`() async throws {
        let backend = try await ScriptedBackend { _ in .status(204) }
        let handler = try HandlerFixture(url: backend.url)
        handler.send("1\r\nx-evil: 1", lane: "room:\r\n\r\nGET / HTTP/1.1")
        #expect(await handler.only() == "answer ")
        let request = try #require(backend.requests.all.first)
        #expect(!request.head.headers.contains(name: "x-evil"))
        #expect(request.header("webhook-id") == "evt_1%0D%0Ax-evil: 1")
        await handler.end()
        await backend.close()
    }
}
