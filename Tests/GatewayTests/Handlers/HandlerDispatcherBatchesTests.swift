import HandlerContract
import Testing

@testable import Gateway

@Suite struct HandlerDispatcherBatchesTests {
    private let start = ContinuousClock.now
    private let results = Recorder<String>()

    private func job(
        _ name: String, lane: String, mode: DeliveryMode = .atLeastOnce, max: Int = 10, linger: Duration = .seconds(1),
        maxAttempts: Int = 3, arguments: Int = 0
    ) -> HandlerJob {
        let event = EnvelopeInput.Content.event(
            name: "say", arguments: Array(repeating: 0x30, count: arguments), attachments: [], wantsAck: false)
        var job = HandlerJob(
            name, content: event, lane: lane, mode: mode,
            complete: { [results] in results.append("\(name): \($0.outline)") })
        job.batch = BatchLimits(max: max, linger: linger)
        if mode == .atLeastOnce {
            job.stored = StoredDelivery(
                sequence: 1, since: start, policy: RetryPolicy(maxAttempts: maxAttempts, maxAge: .seconds(3_600)),
                attempted: { _, _ in })
        }
        return job
    }

    /// What a dispatcher says, done at once, but for calls.
    private struct Driver {
        var dispatcher: HandlerDispatcher
        var now: ContinuousClock.Instant
        var batches: [BatchAttempt] = []
        var pauses: [(lane: String, duration: Duration)] = []

        init(now: ContinuousClock.Instant, concurrency: Int = 4, breaker: CircuitBreaker.Limits = .init()) {
            self.now = now
            self.dispatcher = HandlerDispatcher(
                limits: HandlerDispatcher.Limits(concurrency: concurrency, callTimeout: .seconds(5), breaker: breaker),
                random: { 0.5 })
        }

        mutating func take(_ first: HandlerDispatcher.Turn?) {
            var next = first
            while let turn = next {
                for (complete, result) in turn.completions { complete(result) }
                #expect(turn.calls.isEmpty)
                self.batches += turn.batches
                self.pauses += turn.pauses
                next =
                    turn.finishedLanes.isEmpty
                    ? nil : self.dispatcher.release(lanes: turn.finishedLanes, now: self.now)
            }
            #expect(self.dispatcher.scheduler.invariants())
        }

        mutating func accept(_ jobs: HandlerJob...) {
            for job in jobs { self.take(self.dispatcher.accept(job, now: self.now)) }
        }

        /// All pauses are over.
        mutating func wait() {
            let due = self.pauses
            self.pauses = []
            for pause in due { self.take(self.dispatcher.wake(lane: pause.lane, now: self.now)) }
        }

        /// The names of the events in the calls that are under way.
        var names: [[String]] { self.batches.map { $0.attempts.map { String($0.job.input.id.dropFirst(4)) } } }

        mutating func end(_ result: BatchResult) {
            self.take(self.dispatcher.ended(self.batches.removeFirst(), result, now: self.now))
        }
    }

    private let done = CallResult(.success, answer: .answer(HandlerAnswer()))
    private let again = CallResult(.temporary(.status(503)))

    @Test func `events of all lanes that come within the time go together`() {
        var driver = Driver(now: start)
        driver.accept(job("1", lane: "a"), job("2", lane: "b"), job("3", lane: "a"))
        #expect(driver.batches.isEmpty)
        driver.wait()
        #expect(driver.names == [["1", "3", "2"]])
        driver.end(BatchResult(call: done, each: [done, done, done]))
        #expect(results.all == ["1: answer", "3: answer", "2: answer"])
        #expect(driver.dispatcher.isIdle && driver.dispatcher.scheduler.laneCount == 0)
    }

    @Test func `a full one does not wait`() {
        var driver = Driver(now: start)
        driver.accept(job("1", lane: "a", max: 2), job("2", lane: "b", max: 2), job("3", lane: "c", max: 2))
        #expect(driver.names == [["1", "2"]])
        driver.wait()
        #expect(driver.names == [["1", "2"], ["3"]])
    }

    @Test func `a megabyte is full`() {
        var driver = Driver(now: start)
        let size = BatchLimits.maxBytes / 2 + 1
        driver.accept(
            job("1", lane: "a", arguments: size), job("2", lane: "b", arguments: size),
            job("3", lane: "a", arguments: size))
        driver.wait()
        #expect(driver.names == [["1"], ["2"]])
    }

    @Test func `one that is to come again stops its lane, and no other`() {
        var driver = Driver(now: start)
        driver.accept(job("1", lane: "a"), job("2", lane: "b"), job("3", lane: "a"), job("4", lane: "a"))
        driver.wait()
        #expect(driver.names == [["1", "3", "4", "2"]])
        driver.end(BatchResult(call: done, each: [done, again, done, done]))
        #expect(results.all == ["1: answer", "2: answer"])
        driver.accept(job("5", lane: "a"))
        driver.wait()
        driver.wait()
        #expect(driver.names == [["3", "4", "5"]])
        #expect(driver.batches[0].attempts.map(\.number) == [2, 1, 1])
        driver.end(BatchResult(call: done, each: [done, done, done]))
        #expect(results.all.suffix(3) == ["3: answer", "4: answer", "5: answer"])
        #expect(driver.dispatcher.isIdle)
    }

    @Test func `a result that cannot be used is a dead letter, and its lane goes on`() {
        var driver = Driver(now: start)
        driver.accept(job("1", lane: "a"), job("2", lane: "a"))
        driver.wait()
        driver.end(BatchResult(call: done, each: [CallResult(.invalidAnswer), done]))
        #expect(results.all == ["1: dead invalidAnswer", "2: answer"])
    }

    @Test(arguments: [
        Outcome.rejected(status: 400), .invalidAnswer, .unexpected, .temporary(.status(500)),
        .temporary(.timeout(requestBegun: true)),
    ])
    func `when a call fails as a whole its events go one by one, and only the bad one is given up`(outcome: Outcome) {
        var driver = Driver(now: start)
        driver.accept(job("1", lane: "a"), job("bad", lane: "a"), job("3", lane: "a"), job("4", lane: "b"))
        driver.wait()
        #expect(driver.names == [["1", "bad", "3", "4"]])
        driver.end(BatchResult(call: CallResult(outcome)))
        #expect(results.all.isEmpty)
        for _ in 0..<20 where !driver.dispatcher.isIdle {
            driver.wait()
            while let name = driver.names.first?.joined(separator: " ") {
                #expect(!name.contains(" "))
                driver.end(BatchResult(call: CallResult(name == "bad" ? outcome : .success, answer: .done)))
            }
        }
        let lane = results.all.filter { !$0.hasPrefix("4") }
        #expect(lane.map { String($0.prefix(5)) } == ["1: do", "bad: ", "3: do"])
        #expect(lane[1].hasPrefix("bad: dead"))
    }

    @Test func `a connection that was not made says nothing about events`() {
        var driver = Driver(now: start)
        driver.accept(job("1", lane: "a"), job("2", lane: "b"))
        driver.wait()
        driver.end(BatchResult(call: CallResult(.temporary(.notConnected))))
        driver.wait()
        driver.wait()
        #expect(driver.names.map { $0.sorted() } == [["1", "2"]])
    }

    @Test func `a call for several is one call`() {
        var driver = Driver(now: start, concurrency: 1)
        driver.accept(job("1", lane: "a", max: 2), job("2", lane: "b", max: 2), job("3", lane: "c", max: 2))
        driver.wait()
        #expect(driver.names == [["1", "2"]])
        driver.end(BatchResult(call: done, each: [done, done]))
        driver.wait()
        #expect(driver.names == [["3"]])
    }

    @Test func `the circuit breaker holds them all, and lets them go together`() {
        var driver = Driver(now: start, breaker: CircuitBreaker.Limits(minimumCalls: 1, openFor: .seconds(5)))
        driver.accept(job("0", lane: "z"))
        driver.wait()
        driver.end(BatchResult(call: CallResult(.temporary(.notConnected))))
        driver.accept(job("1", lane: "a"), job("2", lane: "b"))
        driver.wait()
        #expect(driver.names.isEmpty)
        driver.now += .seconds(6)
        for _ in 0..<5 where !driver.dispatcher.isIdle {
            driver.wait()
            while !driver.batches.isEmpty {
                driver.end(BatchResult(call: CallResult(.success, answer: .done)))
            }
        }
        #expect(Set(results.all) == ["0: done", "1: done", "2: done"])
    }

    @Test func `what nobody waits for is gone when its call fails`() {
        var driver = Driver(now: start)
        driver.accept(job("1", lane: "a", mode: .atMostOnce), job("2", lane: "a", mode: .atMostOnce))
        #expect(results.all == ["1: done", "2: done"])
        driver.wait()
        #expect(driver.names == [["1", "2"]])
        driver.end(BatchResult(call: CallResult(.temporary(.status(500)))))
        #expect(driver.dispatcher.isIdle && driver.dispatcher.scheduler.laneCount == 0)
    }

    @Test func `at the end those that wait for others go, and what fails is left to the next process`() {
        var driver = Driver(now: start)
        driver.accept(job("1", lane: "a"), job("2", lane: "a"), job("3", lane: "a"))
        driver.take(driver.dispatcher.drain(now: start))
        #expect(driver.names.map { $0.count }.reduce(0, +) + results.all.count == 3)
        if !driver.batches.isEmpty {
            let count = driver.batches[0].attempts.count
            driver.end(BatchResult(call: done, each: [again] + Array(repeating: done, count: count - 1)))
        }
        #expect(Set(results.all) == ["1: kept", "2: kept", "3: kept"])
        #expect(driver.dispatcher.isIdle)
    }
}

extension HandlerResult {
    /// One or two words.
    fileprivate var outline: String {
        switch self {
        case .answer: "answer"
        case .done: "done"
        case .kept: "kept"
        case .suspended: "suspended"
        case .deadLetter(let cause): "dead \(cause.reason.rawValue)"
        case .failed(let error): "failed \(error.code)"
        case .connect, .connectRefused: "connect"
        }
    }
}
