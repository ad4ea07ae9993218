import Testing

@testable import HandlerContract

@Suite struct OutcomeTests {
    /// The status of every row, and the ends of the ranges.
    private static let rows: [(status: Int, outcome: Outcome)] = [
        (200, .success), (201, .success), (202, .success), (204, .success), (299, .success),
        (401, .denied), (403, .denied), (410, .gone),
        (100, .unexpected), (101, .unexpected), (199, .unexpected), (300, .unexpected), (301, .unexpected),
        (302, .unexpected), (304, .unexpected), (307, .unexpected), (308, .unexpected), (399, .unexpected),
        (402, .unexpected), (406, .unexpected), (418, .unexpected), (451, .unexpected), (600, .unexpected),
        (999, .unexpected), (0, .unexpected), (-1, .unexpected), (.max, .unexpected),
    ]
    private static let rejected = [400, 404, 405, 409, 413, 415, 422]
    private static let temporary = [408, 425, 429, 500, 501, 502, 503, 504, 599]
    private static let everyOutcome: [Outcome] =
        [.success, .invalidAnswer, .denied, .gone, .unexpected, .temporary(.notConnected)]
        + rejected.map { .rejected(status: $0) } + temporary.map { .temporary(.status($0)) }
        + [true, false].flatMap { [.temporary(.reset(requestBegun: $0)), .temporary(.timeout(requestBegun: $0))] }

    private func decide(_ outcome: Outcome, _ purpose: Outcome.Purpose, attempt: Int = 1) -> Outcome.Decision {
        outcome.decision(for: purpose, attempt: attempt, random: 0.5)
    }

    @Test func `statuses fall into the rows of the contract`() {
        for (status, outcome) in Self.rows { #expect(Outcome(status: status) == outcome) }
        for status in Self.rejected { #expect(Outcome(status: status) == .rejected(status: status)) }
        for status in Self.temporary { #expect(Outcome(status: status) == .temporary(.status(status))) }
        for status in -10...1_000 where (300..<400).contains(status) || status < 200 {
            #expect(Outcome(status: status) == .unexpected)
        }
    }

    @Test func `a CONNECT is refused by 401, 403 and nothing else`() {
        for outcome in Self.everyOutcome {
            let decision = decide(outcome, .connect(remaining: .seconds(45)))
            switch outcome {
            case .success: #expect(decision == .answer)
            case .denied: #expect(decision == .refuse)
            case .gone: #expect(decision == .disableRoute)
            default: #expect(decision == .retry(after: .milliseconds(250)), "\(outcome)")
            }
        }
    }

    @Test func `a CONNECT is held when there is no time for another call`() {
        #expect(decide(.temporary(.status(503)), .connect(remaining: .milliseconds(250))) == .hold)
        #expect(decide(.temporary(.notConnected), .connect(remaining: .seconds(-1))) == .hold)
        #expect(decide(.denied, .connect(remaining: .zero)) == .refuse)
    }

    @Test func `an event is asked again only if nobody has begun with it`() {
        let purpose = Outcome.Purpose.request(remaining: .seconds(5), isIdempotent: false)
        let expected: [(Outcome, Outcome.Decision)] = [
            (.success, .answer), (.invalidAnswer, .clientError(.handlerError)), (.denied, .clientError(.forbidden)),
            (.gone, .disableRoute), (.unexpected, .clientError(.handlerError)),
            (.temporary(.notConnected), .retry(after: .milliseconds(250))),
            (.temporary(.reset(requestBegun: false)), .retry(after: .milliseconds(250))),
            (.temporary(.reset(requestBegun: true)), .clientError(.unavailable)),
            (.temporary(.timeout(requestBegun: false)), .retry(after: .milliseconds(250))),
            (.temporary(.timeout(requestBegun: true)), .clientError(.timeout)),
        ]
        for (outcome, decision) in expected { #expect(decide(outcome, purpose) == decision, "\(outcome)") }
        for status in Self.temporary {
            #expect(decide(.temporary(.status(status)), purpose) == .clientError(.unavailable))
        }
    }

    @Test func `an idempotent event is asked again after any trouble`() {
        let purpose = Outcome.Purpose.request(remaining: .seconds(5), isIdempotent: true)
        for outcome in Self.everyOutcome where outcome.isFailure {
            #expect(decide(outcome, purpose) == .retry(after: .milliseconds(250)), "\(outcome)")
        }
        for status in Self.rejected {
            #expect(decide(.rejected(status: status), purpose) != .retry(after: .milliseconds(250)))
        }
    }

    @Test func `no retry goes beyond the deadline`() {
        let late = Outcome.Purpose.request(remaining: .milliseconds(250), isIdempotent: true)
        #expect(decide(.temporary(.status(500)), late) == .clientError(.unavailable))
        #expect(decide(.temporary(.notConnected), late) == .clientError(.unavailable))
        #expect(decide(.temporary(.timeout(requestBegun: true)), late) == .clientError(.timeout))
        let enough = Outcome.Purpose.request(remaining: .seconds(5), isIdempotent: true)
        let asked = Outcome.temporary(.status(503)).decision(
            for: enough, attempt: 1, retryAfter: .seconds(4), random: 0.5)
        #expect(asked == .retry(after: .seconds(4)))
        let tooLong = Outcome.temporary(.status(503)).decision(
            for: enough, attempt: 1, retryAfter: .seconds(6), random: 0.5)
        #expect(tooLong == .clientError(.unavailable))
    }

    @Test(arguments: [
        (400, ClientError.Code.badRequest), (404, .handlerError), (405, .handlerError), (409, .badRequest),
        (413, .badRequest), (415, .handlerError), (422, .badRequest),
    ])
    func `a rejected event is told so`(status: Int, code: ClientError.Code) {
        let purpose = Outcome.Purpose.request(remaining: .seconds(5), isIdempotent: true)
        #expect(decide(.rejected(status: status), purpose) == .clientError(code))
    }

    @Test func `a stored event is retried after trouble and otherwise set aside`() {
        let purpose = Outcome.Purpose.atLeastOnce(age: .seconds(10), policy: RetryPolicy())
        for outcome in Self.everyOutcome {
            switch (outcome, decide(outcome, purpose)) {
            case (.success, .answer), (.gone, .disableRoute), (.invalidAnswer, .deadLetter(.invalidAnswer)),
                (.denied, .deadLetter(.rejected)), (.rejected, .deadLetter(.rejected)),
                (.unexpected, .deadLetter(.rejected)), (.temporary, .retry(after: .milliseconds(250))):
                break
            case (let outcome, let decision): Issue.record("\(outcome): \(decision)")
            }
        }
        #expect(decide(.temporary(.status(500)), purpose, attempt: 16) == .deadLetter(.attempts))
        let old = Outcome.Purpose.atLeastOnce(age: .seconds(86_400), policy: RetryPolicy())
        #expect(decide(.temporary(.status(500)), old, attempt: 2) == .deadLetter(.age))
    }

    @Test func `an event that is sent once is dropped after any failure`() {
        for outcome in Self.everyOutcome where outcome != .success && outcome != .gone {
            #expect(decide(outcome, .atMostOnce) == .drop)
        }
    }

    @Test func `the circuit breaker counts trouble only`() {
        for outcome in Self.everyOutcome {
            if case .temporary = outcome { #expect(outcome.isFailure) } else { #expect(!outcome.isFailure) }
            #expect(!outcome.label.isEmpty)
        }
    }
}
