import HandlerContract
import NIOCore
import NIOPosix
import Testing

@testable import Gateway

/// Retries, order under retries, the circuit breaker.
@Suite(.timeLimit(.minutes(5))) struct HTTPHandlerFailureTests {
    @Test func `an event that fails three times is sent four times, and the next one waits`() async throws {
        let backend = try await ScriptedBackend { request in
            (2...4).contains(request.number) ? .status(503) : .status(204)
        }
        let handler = try HandlerFixture(url: backend.url)
        for number in 1...3 { handler.send("\(number)", isIdempotent: true) }
        #expect(await handler.labels(3) == ["answer ", "answer ", "answer "])
        let requests = backend.requests.all
        #expect(requests.map { $0.header("webhook-id") } == [1, 2, 2, 2, 2, 3].map { "evt_\($0)" })
        #expect(requests.map { $0.header("gatehouse-attempt") } == ["1", "1", "2", "3", "4", "1"])
        let sequences = requests.map { request in (1...3).first { request.body.contains("\"seq\":\($0),") } }
        #expect(sequences == [1, 2, 2, 2, 2, 3])
        #expect(handler.service.statistics().retries == 3)
        await handler.end()
        await backend.close()
    }

    @Test func `a retry blocks its own lane only`() async throws {
        let backend = try await ScriptedBackend { request in
            guard request.header("webhook-id") == "evt_bad" else { return .status(204) }
            return .status(503, headers: [("retry-after", "1")])
        }
        let handler = try HandlerFixture(url: backend.url)
        handler.send("bad", timeout: .seconds(10), isIdempotent: true)
        handler.send("behind")
        _ = await backend.requests.reached(1)
        handler.send("other", lane: "socket:T")
        _ = await handler.labels(3)
        #expect(handler.results.all.map(\.job) == ["other", "bad", "behind"])
        #expect(backend.requests.all.filter { $0.header("webhook-id") == "evt_bad" }.count >= 2)
        await handler.end()
        await backend.close()
    }

    @Test func `what may have been handled is not sent again unless it may come twice`() async throws {
        let backend = try await ScriptedBackend { _ in .status(503) }
        let handler = try HandlerFixture(url: backend.url)
        handler.send("1")
        #expect(await handler.only() == "failed unavailable")
        #expect(backend.requests.all.count == 1)
        await handler.end()
        await backend.close()
    }

    @Test(arguments: [false, true])
    func `a reset within a 200 is retried with the same id where that is safe`(isIdempotent: Bool) async throws {
        let backend = try await ScriptedBackend { request in
            guard request.number == 1 else { return .json(#"{"ack":[2]}"#) }
            return .reset(after: "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"ack\":")
        }
        let handler = try HandlerFixture(url: backend.url)
        handler.send("1", isIdempotent: isIdempotent)
        #expect(await handler.only() == (isIdempotent ? "answer 2" : "failed unavailable"))
        let ids = backend.requests.all.map { $0.header("webhook-id") }
        #expect(ids == (isIdempotent ? ["evt_1", "evt_1"] : ["evt_1"]))
        #expect(handler.service.statistics().requests.contains { $0.outcome == "reset" })
        await handler.end()
        await backend.close()
    }

    @Test func `an event that could not be sent is sent as soon as the backend is there`() async throws {
        let port = try await freePort()
        let handler = try HandlerFixture(url: "http://127.0.0.1:\(port)/", random: 0.2)
        handler.send("1")
        _ = await handler.log.lines.reached(1)
        let backend = try await ScriptedBackend(port: port) { _ in .status(204) }
        #expect(await handler.only() == "answer ")
        #expect(handler.service.statistics().requests.contains { $0.outcome == "notConnected" })
        await handler.end()
        await backend.close()
    }

    @Test func `a name that does not resolve is a handler that is not available`() async throws {
        let handler = try HandlerFixture(url: "http://backend.invalid/", random: 0.9)
        handler.send("1", timeout: .seconds(2))
        #expect(["failed unavailable", "failed timeout"].contains(await handler.only()))
        await handler.end()
    }

    @Test func `a storm of failures opens the breaker, and one probe finds the handler well again`() async throws {
        let isWell = Recorder<Void>()
        let backend = try await ScriptedBackend { request in
            guard !isWell.all.isEmpty else { return .status(500) }
            return request.header("webhook-id") == "evt_C" ? .json(#"{"accept":true}"#) : .status(204)
        }
        let handler = try HandlerFixture(
            url: backend.url, breaker: CircuitBreaker.Limits(openFor: .seconds(10)), random: 0.1)
        for number in 1...20 {
            handler.send("\(number)", lane: "socket:\(number)")
            _ = await handler.labels(number)
        }
        #expect(handler.service.statistics().breaker == .open)
        // Connections are held; everything else fails at once, and nothing is called.
        handler.connect("C", lane: "socket:C")
        for number in 21...220 { handler.send("\(number)", lane: "socket:\(number)") }
        #expect(await handler.labels(220).suffix(200).allSatisfy { $0 == "failed unavailable" })
        #expect(backend.requests.all.count == 20)
        isWell.append(())
        // The CONNECT is the probe.
        #expect(await handler.labels(221).last == "accept -")
        #expect(backend.requests.all.count == 21)
        let lines = await handler.log.lines.reached(3)
        #expect(handler.service.statistics().breaker == .closed)
        #expect(lines.contains { $0.contains("too many calls fail") })
        #expect(lines.contains { $0.contains("answers again") })
        handler.send("after")
        _ = await handler.labels(222)
        #expect(handler.results.all.last.map { "\($0.job): \($0.result.label)" } == "after: answer ")
        await handler.end()
        await backend.close()
    }

    @Test func `410 disables its route until the configuration is loaded again, and is logged once`() async throws {
        let backend = try await ScriptedBackend { request in
            request.header("gatehouse-route") == "old" ? .status(410) : .status(204)
        }
        let handler = try HandlerFixture(url: backend.url)
        for name in ["1", "2", "3"] { handler.send(name, route: "old") }
        handler.send("4", route: "chat")
        let expected = ["failed unavailable", "failed unavailable", "failed unavailable", "answer "]
        #expect(await handler.labels(4) == expected)
        #expect(backend.requests.all.map { $0.header("webhook-id") } == ["evt_1", "evt_4"])
        #expect(handler.log.lines.all.filter { $0.contains("410") }.count == 1)
        handler.service.enableRoutes()
        for name in ["5", "6"] { handler.send(name, route: "old") }
        #expect(await handler.labels(6).suffix(2) == ["failed unavailable", "failed unavailable"])
        #expect(backend.requests.all.map { $0.header("webhook-id") } == ["evt_1", "evt_4", "evt_5"])
        #expect(handler.log.lines.all.filter { $0.contains("410") }.count == 2)
        await handler.end()
        await backend.close()
    }

    /// A port where nobody listens.
    private func freePort() async throws -> Int {
        let backend = try await ScriptedBackend { _ in .silence }
        defer { Task { await backend.close() } }
        let port = backend.port
        await backend.close()
        return port
    }
}
