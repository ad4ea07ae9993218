/// How a call of a handler ended: the rows of the table of outcomes.
///
/// | Outcome | connect | request | atLeastOnce |
/// |---|---|---|---|
/// | success: 2xx, usable | answer | answer | answer |
/// | invalidAnswer: 2xx, not usable | retry, then hold | `handlerError` | dead letter |
/// | denied: 401 403 | refuse | `forbidden` | dead letter |
/// | rejected: 400 404 405 409 413 415 422 | retry, then hold | `badRequest`, `handlerError` | dead letter |
/// | temporary: 408 425 429 5xx | retry, then hold | retry if idempotent, then `unavailable` | retry, then dead letter |
/// | temporary: not connected | retry, then hold | retry, then `unavailable` | retry, then dead letter |
/// | temporary: reset, timeout | retry, then hold | retry if safe, then `unavailable`, `timeout` | as above |
/// | gone: 410 | disable route | disable route | disable route |
/// | unexpected: 1xx 3xx and the rest | retry, then hold | `handlerError` | dead letter |
///
/// `atMostOnce` is the column of drops: whatever fails is not tried again.
///
/// A CONNECT is refused by a clear "no" only, because stock clients never come back from it; a handler that answers
/// nonsense, or 404 in the middle of a deployment, is a handler that is down.
package enum Outcome: Hashable, Sendable {
    /// 2xx, and the answer is usable.
    case success
    /// 2xx, but the answer is not: no JSON, too large, an unknown action. Nothing of it is applied.
    case invalidAnswer
    case denied
    case rejected(status: Int)
    case temporary(Trouble)
    case gone
    /// Redirects among them, which are never followed.
    case unexpected

    /// What went wrong for now.
    package enum Trouble: Hashable, Sendable {
        case status(Int)
        /// No connection: the name did not resolve, nobody listens, TLS failed, the circuit breaker is open.
        case notConnected
        /// The connection ended before the response did.
        case reset(requestBegun: Bool)
        /// The deadline passed, perhaps in the middle of the response.
        case timeout(requestBegun: Bool)
    }

    /// The outcome of a response as far as its status tells; a 2xx may still turn out to be ``invalidAnswer``.
    package init(status: Int) {
        self =
            switch status {
            case 200..<300: .success
            case 401, 403: .denied
            case 400, 404, 405, 409, 413, 415, 422: .rejected(status: status)
            case 408, 425, 429, 500..<600: .temporary(.status(status))
            case 410: .gone
            default: .unexpected
            }
    }

    /// Whether the circuit breaker counts it: only what says that the handler is unwell.
    package var isFailure: Bool {
        if case .temporary = self { true } else { false }
    }

    /// Whether the handler certainly has not begun to work on the event, so that asking again does nothing twice.
    package var isUntouched: Bool {
        switch self {
        case .temporary(.notConnected), .temporary(.reset(requestBegun: false)),
            .temporary(.timeout(requestBegun: false)):
            true
        default: false
        }
    }

    /// A word for metrics and logs.
    package var label: String {
        switch self {
        case .success: "success"
        case .invalidAnswer: "invalidAnswer"
        case .denied: "denied"
        case .rejected: "rejected"
        case .temporary(.status): "failed"
        case .temporary(.notConnected): "notConnected"
        case .temporary(.reset): "reset"
        case .temporary(.timeout): "timeout"
        case .gone: "gone"
        case .unexpected: "unexpected"
        }
    }
}
