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
                let isAboutSocket = job.input.socket != nil || (job.stored != nil && !job.socketID.isEmpty)
                let selfID = isAboutSocket ? job.socketID : nil
                self.init(.success, answer: .answer(try HandlerAnswer.parse(reply.body, selfSocketID: selfID)))
            }
        } catch {
            self.init(.invalidAnswer, problem: Self.text(of: error))
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
    private static func text(of errors: ActionErrors) -> String {
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
