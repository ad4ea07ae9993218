import HandlerContract
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(5))) struct HTTPHandlerShutdownTests {
    @Test func `what is in flight and what waits comes to its end within the limit`() async throws {
        let gate = Gate()
        let backend = try await ScriptedBackend { _ in
            await gate.wait()
            return .status(204)
        }
        let handler = try HandlerFixture(url: backend.url)
        for number in 1...5 { handler.send("\(number)") }
        _ = await backend.requests.reached(1)
        async let end: Void = handler.service.shutDown(within: .seconds(30))
        gate.open()
        await end
        #expect(handler.results.all.map(\.result.label) == Array(repeating: "answer ", count: 5))
        await backend.close()
    }

    @Test func `after the limit every job is completed exactly once`() async throws {
        let backend = try await ScriptedBackend { request in
            request.header("webhook-id") == "evt_retrying"
                ? .status(503, headers: [("retry-after", "4")]) : .silence
        }
        let handler = try HandlerFixture(url: backend.url, concurrency: 3)
        handler.send("running", lane: "a")
        handler.send("behind", lane: "a")
        handler.send("retrying", lane: "b", isIdempotent: true)
        handler.send("once", lane: "c", mode: .atMostOnce)
        handler.connect("connecting", lane: "d")
        for number in 1...100 { handler.send("\(number)", lane: "e\(number)") }
        _ = await backend.requests.reached(4)
        await handler.service.shutDown(within: .milliseconds(100))
        let results = handler.results.all
        #expect(results.count == 105)
        #expect(Set(results.map(\.job)).count == 105)
        #expect(results.first { $0.job == "connecting" }?.result.label == "retry")
        #expect(results.first { $0.job == "once" }?.result.label == "done")
        #expect(results.filter { $0.result.label == "failed unavailable" }.count == 103)
        // Too late: told at once.
        #expect(handler.send("late"))
        #expect(handler.results.all.last?.result.label == "failed unavailable")
        #expect(handler.connect("later"))
        #expect(handler.results.all.last?.result.label == "retry")
        await handler.service.shutDown(within: .seconds(1))
        await backend.close()
    }

    @Test func `a CONNECT that is held is let go at once`() async throws {
        let backend = try await ScriptedBackend { _ in .status(503, headers: [("retry-after", "20")]) }
        let handler = try HandlerFixture(url: backend.url)
        handler.connect(timeout: .seconds(50))
        _ = await handler.log.lines.reached(1)
        await handler.service.shutDown(within: .seconds(50))
        #expect(handler.results.all.map(\.result.label) == ["retry"])
        await backend.close()
    }

    @Test func `a service that was never used ends at once`() async throws {
        let handler = try HandlerFixture(url: "http://127.0.0.1:1/")
        await handler.service.shutDown(within: .seconds(50))
    }
}
