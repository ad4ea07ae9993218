import HandlerContract
import NIOHTTP1
import Testing

@testable import Gateway

@Suite(.timeLimit(.minutes(5))) struct HTTPHandlerServiceTests {
    @Test func `an event is one POST with the fields of the contract, and its answer comes back`() async throws {
        let backend = try await ScriptedBackend { _ in .json(#"{"ack":[{"ok":true}]}"#) }
        let handler = try HandlerFixture(url: backend.url)
        handler.send("1", timeout: .seconds(60))
        #expect(await handler.only() == #"answer {"ok":true}"#)
        let request = try #require(backend.requests.all.first)
        #expect(request.head.method == .POST)
        #expect(request.head.uri == "/events?tenant=1")
        #expect(request.header("host") == "127.0.0.1:\(backend.port)")
        #expect(request.header("content-type") == "application/json")
        #expect(request.header("user-agent") == "gatehouse/1.0")
        #expect(request.header("webhook-id") == "evt_1")
        #expect(request.header("gatehouse-event") == "socket.event")
        #expect(request.header("gatehouse-route") == "chat")
        #expect(request.header("gatehouse-attempt") == "1")
        let deadline = try #require(Int(request.header("gatehouse-deadline-ms")))
        #expect((1...60_000).contains(deadline))
        #expect(!request.head.headers.contains(name: "accept-encoding"))
        #expect(!request.head.headers.contains(name: "webhook-signature"))
        #expect(request.body.contains(#""args":[{"n":1e400}]"#))
        #expect(request.body.contains(#""lane":"socket:S","seq":1,"redelivered":false"#))
        await handler.end()
        await backend.close()
    }

    @Test func `a receiver that has either of two keys can verify a request`() async throws {
        let new = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
        let old = "whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="
        let backend = try await ScriptedBackend { _ in .status(204) }
        let handler = try HandlerFixture(url: backend.url, keys: [new, old])
        handler.send("1")
        #expect(await handler.only() == "answer ")
        let request = try #require(backend.requests.all.first)
        let stamp = request.header("webhook-timestamp")
        let now = try Timestamp(seconds: #require(Int64(stamp)))
        for key in [new, old] {
            try WebhookSignature(current: SigningKey(key)).verify(
                header: request.header("webhook-signature"), id: request.header("webhook-id"), timestamp: stamp,
                body: Array(request.body.utf8), now: now)
        }
        let late = Timestamp(seconds: now.seconds + 360)
        #expect(throws: WebhookVerificationError.tooOld) {
            try WebhookSignature(current: SigningKey(new)).verify(
                header: request.header("webhook-signature"), id: request.header("webhook-id"), timestamp: stamp,
                body: Array(request.body.utf8), now: late)
        }
        await handler.end()
        await backend.close()
    }

    @Test func `interim responses are skipped`() async throws {
        let interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"ack\":[]}"
        let backend = try await ScriptedBackend { _ in .raw(interim + answer) }
        let handler = try HandlerFixture(url: backend.url)
        handler.send("1")
        #expect(await handler.only() == "answer ")
        await handler.end()
        await backend.close()
    }

    @Test func `connections are kept and used again`() async throws {
        let backend = try await ScriptedBackend { _ in .status(204) }
        let handler = try HandlerFixture(url: backend.url)
        for number in 1...5 {
            handler.send("\(number)")
            _ = await handler.labels(number)
        }
        #expect(Set(backend.requests.all.map(\.remotePort)).count == 1)
        await handler.end()
        await backend.close()
    }

    @Test func `no more calls than allowed are in flight, and the others follow`() async throws {
        let gate = Gate()
        let backend = try await ScriptedBackend { _ in
            await gate.wait()
            return .status(204)
        }
        let handler = try HandlerFixture(url: backend.url, concurrency: 3)
        for number in 1...9 { handler.send("\(number)", lane: "socket:\(number)") }
        _ = await backend.requests.reached(3)
        #expect(handler.service.statistics().inFlight == 3)
        #expect(handler.service.statistics().queued == 6)
        #expect(backend.requests.all.count == 3)
        gate.open()
        #expect(await handler.labels(9).allSatisfy { $0 == "answer " })
        #expect(handler.service.statistics().queued == 0)
        await handler.end()
        await backend.close()
    }

    @Test func `a lane has one call in flight, and keeps its order`() async throws {
        let gates = (1...3).map { _ in Gate() }
        let backend = try await ScriptedBackend { request in
            await gates[request.number - 1].wait()
            return .status(204)
        }
        let handler = try HandlerFixture(url: backend.url)
        for number in 1...3 { handler.send("\(number)") }
        for number in 1...3 {
            let requests = await backend.requests.reached(number)
            #expect(requests.count == number)
            #expect(requests.last?.header("webhook-id") == "evt_\(number)")
            #expect(requests.last?.body.contains(#""seq":\#(number),"#) == true)
            gates[number - 1].open()
        }
        _ = await handler.labels(3)
        #expect(handler.results.all.map(\.job) == ["1", "2", "3"])
        await handler.end()
        await backend.close()
    }

    @Test func `a full lane takes nothing more, and another lane does`() async throws {
        let backend = try await ScriptedBackend { _ in .silence }
        let handler = try HandlerFixture(url: backend.url, laneCapacity: 2)
        #expect(handler.send("1"))
        #expect(handler.send("2"))
        #expect(!handler.send("3"))
        #expect(handler.send("4", lane: "socket:T"))
        await handler.end()
        #expect(await handler.labels(3).count == 3)
        await backend.close()
    }

    @Test func `a backend that hangs is a timeout for its client, and no obstacle for others`() async throws {
        let backend = try await ScriptedBackend { request in
            request.header("webhook-id") == "evt_slow" ? .silence : .status(204)
        }
        let handler = try HandlerFixture(url: backend.url)
        handler.send("slow", timeout: .seconds(10))
        handler.send("next")
        handler.send("other", lane: "socket:T")
        _ = await handler.labels(3)
        let results = handler.results.all.map { "\($0.job): \($0.result.label)" }
        #expect(results == ["other: answer ", "slow: failed timeout", "next: answer "])
        #expect(handler.log.lines.all.contains { $0.contains("timeout: timed out before the response") })
        await handler.end()
        await backend.close()
    }

    @Test func `an event that waits in its lane longer than its client does is not sent`() async throws {
        let backend = try await ScriptedBackend { _ in .silence }
        let handler = try HandlerFixture(url: backend.url)
        handler.send("1", timeout: .seconds(10))
        handler.send("2", timeout: .milliseconds(100))
        _ = await handler.labels(2)
        #expect(handler.results.all.map(\.job) == ["2", "1"])
        #expect(await handler.labels(2) == ["failed timeout", "failed timeout"])
        #expect(backend.requests.all.count == 1)
        await handler.end()
        await backend.close()
    }

    @Test func `what is sent at most once is done at once, and its answer is ignored`() async throws {
        let gate = Gate()
        let backend = try await ScriptedBackend { _ in
            await gate.wait()
            return .json("nonsense")
        }
        let handler = try HandlerFixture(url: backend.url)
        handler.send("1", mode: .atMostOnce)
        #expect(handler.results.all.map(\.result.label) == ["done"])
        _ = await backend.requests.reached(1)
        gate.open()
        await handler.service.shutDown(within: .seconds(10))
        #expect(handler.results.all.count == 1)
        #expect(handler.log.lines.all.isEmpty)
        #expect(handler.service.statistics().requests.map(\.outcome) == ["success"])
        await backend.close()
    }

    @Test func `the statistics tell route, outcome and duration`() async throws {
        let backend = try await ScriptedBackend { $0.number == 1 ? .status(204) : .status(400) }
        let handler = try HandlerFixture(url: backend.url)
        handler.send("1")
        handler.send("2")
        #expect(await handler.labels(2) == ["answer ", "failed badRequest"])
        let statistics = handler.service.statistics()
        #expect(statistics.requests.map(\.route) == ["chat", "chat"])
        #expect(statistics.requests.map(\.outcome) == ["rejected", "success"])
        #expect(statistics.durations.map(\.count) == [2])
        #expect(statistics.durations.first?.buckets.last == 2)
        #expect(statistics.breaker == .closed)
        await handler.end()
        await backend.close()
    }
}
