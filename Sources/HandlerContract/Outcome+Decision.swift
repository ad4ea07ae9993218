extension Outcome {
    /// What the call was for: the columns of the table.
    package enum Purpose: Hashable, Sendable {
        /// A CONNECT is held; `remaining` until it times out and its transport is closed.
        case connect(remaining: Duration)
        /// A client may be waiting; `remaining` until its deadline.
        case request(remaining: Duration, isIdempotent: Bool)
        /// `age` since the event was accepted.
        case atLeastOnce(age: Duration, policy: RetryPolicy)
        case atMostOnce
    }

    package enum Decision: Hashable, Sendable {
        /// The answer is used.
        case answer
        /// CONNECT_ERROR with the default refusal.
        case refuse
        /// The client's callback gets this error.
        case clientError(ClientError.Code)
        case retry(after: Duration)
        /// The CONNECT is held without further calls until it times out.
        case hold
        case deadLetter(DeadLetterReason)
        /// The event is gone; nobody waits for it.
        case drop
        /// The route is switched off until the next reload. A waiting client gets `unavailable`, a CONNECT is held, a
        /// stored event is kept.
        case disableRoute
    }

    /// Why an event is given up.
    package enum DeadLetterReason: String, Hashable, Sendable { case invalidAnswer, rejected, attempts, age }

    /// What to do now.
    ///
    /// - Parameters:
    ///   - attempt: the number of the one that has ended: 1, 2, …
    ///   - retryAfter: what the response asked for, see ``RetryAfter``.
    ///   - random: uniform in 0 ..< 1.
    package func decision(
        for purpose: Purpose, attempt: Int, retryAfter: Duration? = nil, random: Double
    ) -> Decision {
        switch self {
        case .success: return .answer
        case .gone: return .disableRoute
        default: break
        }
        switch purpose {
        case .connect(let remaining):
            guard self != .denied else { return .refuse }
            return retry(attempt, retryAfter, random, within: remaining) ?? .hold
        case .request(let remaining, let isIdempotent):
            if isFailure, isUntouched || isIdempotent,
                let retry = retry(attempt, retryAfter, random, within: remaining)
            {
                return retry
            }
            return .clientError(errorCode)
        case .atLeastOnce(let age, let policy):
            guard isFailure else { return .deadLetter(self == .invalidAnswer ? .invalidAnswer : .rejected) }
            switch policy.next(afterAttempt: attempt, age: age, retryAfter: retryAfter, random: random) {
            case .retry(let pause): return .retry(after: pause)
            case .giveUp(.attempts): return .deadLetter(.attempts)
            case .giveUp(.age): return .deadLetter(.age)
            }
        case .atMostOnce:
            return .drop
        }
    }

    private func retry(
        _ attempt: Int, _ retryAfter: Duration?, _ random: Double, within remaining: Duration
    ) -> Decision? {
        let pause = RetryPolicy.pause(afterAttempt: attempt, retryAfter: retryAfter, random: random)
        return pause < remaining ? .retry(after: pause) : nil
    }

    /// What a waiting client is told.
    private var errorCode: ClientError.Code {
        switch self {
        case .denied: .forbidden
        case .rejected(let status):
            switch status {
            // These speak about what the client sent; the other ones about how we asked.
            case 400, 409, 413, 422: .badRequest
            default: .handlerError
            }
        case .temporary(.timeout): .timeout
        case .temporary, .gone: .unavailable
        case .success, .invalidAnswer, .unexpected: .handlerError
        }
    }
}
