import AsyncHTTPClient
import HandlerContract
import NIOHTTP1
import NIOSSL
import Routing

extension CallResult {
    /// Reads a complete response.
    init(_ reply: HTTPReply, to job: HandlerJob, now: Timestamp) {
        self.init(reading: reply, to: job, now: now)
        status = reply.status
        if answer == nil { excerpt = Array(reply.body.prefix(HTTPCall.maxExcerptBytes)) }
    }

    private init(reading reply: HTTPReply, to job: HandlerJob, now: Timestamp) {
        let outcome = Outcome(status: reply.status)
        guard outcome == .success else {
            self.init(
                outcome,
                retryAfter: reply.headers.first(name: "retry-after").flatMap { RetryAfter.parse($0, now: now) },
                problem: "status \(reply.status)")
            return
        }
        // Whatever it is, nobody uses it.
        guard job.mode != .atMostOnce else {
            self.init(.success, answer: .done)
            return
        }
        do throws(ActionErrors) {
            if job.input.type == .connect {
                let answer = try ConnectAnswer.parse(reply.body, selfSocketID: job.socketID)
                self.init(
                    .success, answer: .connect(answer),
                    retryAfter: reply.headers.first(name: "retry-after").flatMap { RetryAfter.parse($0, now: now) })
            } else {
                self.init(
                    .success, answer: .answer(try HandlerAnswer.parse(reply.body, selfSocketID: job.selfSocketID)))
            }
        } catch {
            self.init(.invalidAnswer, problem: Self.text(of: error))
        }
    }

    /// One result of a response to several events.
    fileprivate init(_ element: BatchAnswer.Element, retryAfter: Duration?) {
        switch element {
        case .answer(let answer): self.init(.success, answer: .answer(answer))
        case .retry:
            self.init(.temporary(.status(503)), retryAfter: retryAfter, problem: "the handler wants it again later")
        case .invalid(let errors): self.init(.invalidAnswer, problem: Self.text(of: errors))
        }
    }

    /// Says what it means that a call ended without a complete response.
    init(_ error: any Error, _ progress: HTTPCall.Progress) {
        self.init(explaining: error, progress)
        status = progress.head.map { Int($0.status.code) } ?? 0
        excerpt = Array(progress.body.readableBytesView.prefix(HTTPCall.maxExcerptBytes))
    }

    private init(explaining error: any Error, _ progress: HTTPCall.Progress) {
        let isBegun = progress.isBegun
        if let refusal = error as? HTTPCall.Refusal {
            // Of a failure, the status says more than the size.
            let outcome = progress.head.map { Outcome(status: Int($0.status.code)) } ?? .invalidAnswer
            self.init(outcome == .success ? .invalidAnswer : outcome, problem: refusal.problem)
            return
        }
        if let error = error as? HTTPParserError, isBegun, error != .invalidEOFState {
            self.init(.unexpected, problem: "the response is not HTTP/1.1: \(error)")
            return
        }
        switch error as? HTTPClientError {
        case .deadlineExceeded?:
            let place = isBegun ? (progress.head == nil ? "before the response" : "within the response") : "connecting"
            self.init(.temporary(.timeout(requestBegun: isBegun)), problem: "timed out \(place)")
        case .cancelled?, .alreadyShutdown?:
            self.init(.temporary(.reset(requestBegun: isBegun)), problem: "cancelled", isAbandoned: true)
        default:
            let text = Self.clean("\(error)", limit: 200)
            let trouble: Outcome.Trouble = isBegun ? .reset(requestBegun: true) : .notConnected
            self.init(.temporary(trouble), problem: isBegun ? "connection lost: \(text)" : "no connection: \(text)")
            self.isCertificateRefused = !isBegun && Self.isAboutCertificate(error)
        }
    }

    /// The library tells a wrong host name by its type, and a wrong chain only by BoringSSL's words.
    private static func isAboutCertificate(_ error: any Error) -> Bool {
        if let error = error as? NIOSSLExtraError, error == .failedToValidateHostname { return true }
        return error is NIOSSLError && "\(error)".contains("CERTIFICATE_VERIFY_FAILED")
    }

    /// The first problems of an answer, with their JSON pointers.
    ///
    /// Keys and names in them come from the handler.
    fileprivate static func text(of errors: ActionErrors) -> String {
        let shown = errors.all.prefix(3).map { $0.pointer.isEmpty ? "the answer \($0.message)" : $0.description }
        let more = errors.all.count > 3 ? "; and \(errors.all.count - 3) more" : ""
        return clean(shown.joined(separator: "; "), limit: 500) + more
    }

    /// One line of bounded length.
    private static func clean(_ text: String, limit: Int) -> String {
        var line = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.prefix(limit) {
            line.append(scalar.properties.generalCategory == .control ? " " : scalar)
        }
        return String(line) + (text.unicodeScalars.count > limit ? "…" : "")
    }
}

extension HandlerJob {
    /// Whom an action without a target is for.
    fileprivate var selfSocketID: String? {
        let isAboutSocket = self.input.socket != nil || (self.stored != nil && !self.socketID.isEmpty)
        return isAboutSocket ? self.socketID : nil
    }
}

extension BatchResult {
    /// Reads a complete response.
    init(_ reply: HTTPReply, to jobs: [HandlerJob], now: Timestamp) {
        self.init(call: CallResult(reply, toBatchWithoutAnswer: now))
        guard self.call.outcome == .success, jobs.contains(where: { $0.mode != .atMostOnce }) else { return }
        do throws(ActionErrors) {
            let answer = try BatchAnswer.parse(reply.body, selfSocketIDs: jobs.map(\.selfSocketID))
            let retryAfter = reply.headers.first(name: "retry-after").flatMap { RetryAfter.parse($0, now: now) }
            self.each = answer.results.map { element in
                var result = CallResult(element, retryAfter: retryAfter)
                result.status = reply.status
                if result.answer == nil { result.excerpt = Array(reply.body.prefix(HTTPCall.maxExcerptBytes)) }
                return result
            }
        } catch {
            self.call = CallResult(.invalidAnswer, problem: CallResult.text(of: error))
            self.call.status = reply.status
            self.call.excerpt = Array(reply.body.prefix(HTTPCall.maxExcerptBytes))
        }
    }
}

extension CallResult {
    /// As far as the status tells.
    fileprivate init(_ reply: HTTPReply, toBatchWithoutAnswer now: Timestamp) {
        let outcome = Outcome(status: reply.status)
        self.init(
            outcome, answer: outcome == .success ? .done : nil,
            retryAfter: reply.headers.first(name: "retry-after").flatMap { RetryAfter.parse($0, now: now) },
            problem: outcome == .success ? "" : "status \(reply.status)")
        self.status = reply.status
        if outcome != .success { self.excerpt = Array(reply.body.prefix(HTTPCall.maxExcerptBytes)) }
    }
}
