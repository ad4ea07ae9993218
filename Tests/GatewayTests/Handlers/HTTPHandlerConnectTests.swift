import HandlerContract
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(5))) struct HTTPHandlerConnectTests {
    @Test(arguments: [
        (ScriptedBackend.Reply.json(#"{"accept":true,"user":"u42"}"#), "accept u42"),
        (.json(#"{"accept":false,"error":{"message":"no"}}"#), "refuse no"),
        (.status(401), "refused"),
        (.status(403), "refused"),
    ])
    func `a clear answer decides`(reply: ScriptedBackend.Reply, expected: String) async throws {
        let backend = try await ScriptedBackend { _ in reply }
        let handler = try HandlerFixture(url: backend.url)
        handler.connect()
        #expect(await handler.only() == expected)
        #expect(backend.requests.all.map { $0.header("gatehouse-event") } == ["socket.connect"])
        #expect(handler.log.lines.all.isEmpty)
        await handler.end()
        await backend.close()
    }

    @Test func `a CONNECT is held while the handler fails, and accepted when it is well again`() async throws {
        let backend = try await ScriptedBackend { request in
            switch request.number {
            case 1: .status(503)
            case 2: .json(#"{"accept":false,"retry":true}"#)
            case 3: .reset(after: "")
            case 4: .json("")
            case 5: .status(404)
            default: .json(#"{"accept":true}"#)
            }
        }
        let handler = try HandlerFixture(url: backend.url)
        handler.connect()
        #expect(await handler.only() == "accept -")
        let requests = backend.requests.all
        #expect(requests.map { $0.header("gatehouse-attempt") } == ["1", "2", "3", "4", "5", "6"])
        #expect(Set(requests.map { $0.header("webhook-id") }) == ["evt_C"])
        await handler.end()
        await backend.close()
    }

    @Test func `a CONNECT that nobody decides ends when its time is up, without a refusal`() async throws {
        let backend = try await ScriptedBackend { _ in .status(503) }
        let handler = try HandlerFixture(url: backend.url, random: 0.9)
        let start = ContinuousClock.now
        handler.connect(timeout: .seconds(10))
        #expect(await handler.only() == "retry")
        #expect(start.duration(to: .now) >= .seconds(10))
        #expect(!backend.requests.all.isEmpty)
        await handler.end()
        await backend.close()
    }

    @Test(arguments: [
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 599 What\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\n",
    ])
    func `no other status lets a client in or refuses it`(response: String) async throws {
        let backend = try await ScriptedBackend { _ in .raw(response) }
        let handler = try HandlerFixture(url: backend.url, random: 0.9)
        handler.connect(timeout: .milliseconds(300))
        #expect(await handler.only() == "retry")
        await handler.end()
        await backend.close()
    }

    @Test func `a CONNECT that hangs does not hold up events of other sockets`() async throws {
        let backend = try await ScriptedBackend { request in
            request.header("gatehouse-event") == "socket.connect" ? .silence : .status(204)
        }
        let handler = try HandlerFixture(url: backend.url)
        handler.connect(lane: "socket:C", timeout: .seconds(600))
        handler.send("1", lane: "socket:S")
        _ = await handler.labels(1)
        #expect(handler.results.all.map { "\($0.job): \($0.result.label)" } == ["1: answer "])
        await handler.end()
        await backend.close()
    }

    @Test func `a CONNECT that 410 holds is decided when the configuration is loaded again`() async throws {
        let isWell = Recorder<Void>()
        let backend = try await ScriptedBackend { _ in
            isWell.all.isEmpty ? .status(410) : .json(#"{"accept":true}"#)
        }
        let handler = try HandlerFixture(url: backend.url)
        handler.connect("1", lane: "socket:1", timeout: .seconds(600))
        #expect(await handler.log.lines.reached(1).contains { $0.contains("410") })
        handler.connect("2", lane: "socket:2", timeout: .seconds(600))
        isWell.append(())
        handler.service.enableRoutes()
        #expect(await handler.labels(2) == ["accept -", "accept -"])
        #expect(backend.requests.all.count == 3)
        await handler.end()
        await backend.close()
    }

    @Test func `410 holds a CONNECT without further calls`() async throws {
        let backend = try await ScriptedBackend { _ in .status(410) }
        let handler = try HandlerFixture(url: backend.url)
        handler.connect("1", lane: "socket:1", timeout: .seconds(10))
        #expect(await handler.log.lines.reached(1).contains { $0.contains("410") })
        handler.connect("2", lane: "socket:2", timeout: .milliseconds(300))
        #expect(await handler.labels(2) == ["retry", "retry"])
        #expect(handler.results.all.map(\.job) == ["2", "1"])
        #expect(backend.requests.all.count == 1)
        await handler.end()
        await backend.close()
    }
}
