import AsyncHTTPClient
import HandlerContract
import Logging
import NIOCore
import NIOHTTP1

extension HTTPHandlerService {
    /// Makes one call and waits for how it ends, until its deadline at the latest.
    func call(_ attempt: HandlerAttempt) async -> CallResult {
        let remaining = ContinuousClock.now.duration(to: attempt.deadline)
        let job = attempt.job
        let delivery = attempt.delivery(within: remaining)
        let headers = RequestHeaders(
            eventID: job.input.id, type: job.input.type, route: job.input.route, delivery: delivery)
        switch await post(Envelope(job.input).body(for: delivery), headers, within: remaining) {
        case .success(let reply): return CallResult(reply, to: job, now: .now)
        case .failure(let failure): return failure.result
        }
    }

    /// Makes one call for several events.
    func call(_ batch: BatchAttempt) async -> BatchResult {
        let remaining = ContinuousClock.now.duration(to: batch.deadline)
        let attempts = batch.attempts
        let bodies = attempts.map { Envelope($0.job.input).body(for: $0.delivery(within: remaining)) }
        // A batch has as many attempts behind it as that of its events that has most.
        guard let first = attempts.max(by: { $0.number < $1.number }) else {
            return BatchResult(call: CallResult(.success, answer: .done))
        }
        let headers = RequestHeaders(
            batch: BatchLimits.requestID(of: attempts.map(\.job.input.id)), route: first.job.input.route,
            delivery: first.delivery(within: remaining))
        switch await post(Envelope.batch(bodies), headers, within: remaining) {
        case .success(let reply): return BatchResult(reply, to: attempts.map(\.job), now: .now)
        case .failure(let failure): return BatchResult(call: failure.result)
        }
    }

    /// No complete response has come.
    private struct Failure: Error {
        var result: CallResult
    }

    private func post(
        _ body: [UInt8], _ headers: RequestHeaders, within remaining: Duration
    ) async -> Result<HTTPReply, Failure> {
        var request = setup.request
        let fields = headers.fields(version: setup.version, now: .now, signature: setup.signature, body: body)
        request.headers = HTTPHeaders(fields.map { ($0.name, $0.value) })
        request.body = .byteBuffer(ByteBuffer(bytes: body))
        let call = HTTPCall()
        do {
            let deadline = NIODeadline.now() + TimeAmount(remaining)
            return .success(
                try await client.execute(request: request, delegate: call, deadline: deadline).futureResult.get())
        } catch {
            return .failure(Failure(result: CallResult(error, call.progress)))
        }
    }

    /// Writes what an operator should know.
    func report(_ notice: HandlerNotice) {
        switch notice {
        case .failure(let route, let eventID, let outcome, let problem, let suppressed):
            let others = suppressed > 0 ? " (\(suppressed) more since the last report)" : ""
            logger.warning(
                "handler \(name): \(outcome): \(problem)\(others)",
                metadata: ["route": "\(route)", "event": "\(eventID)"])
        case .routeDisabled(let route, let eventID):
            logger.error(
                "handler \(name): status 410, the route is disabled until the configuration is loaded again",
                metadata: ["route": "\(route)", "event": "\(eventID)"])
        case .breakerOpened:
            logger.warning("handler \(name): too many calls fail, pausing calls")
        case .breakerClosed:
            logger.notice("handler \(name): answers again")
        }
    }
}

extension HandlerAttempt {
    fileprivate func delivery(within remaining: Duration) -> Delivery {
        Delivery(
            mode: self.job.mode, attempt: self.number, lane: self.job.lane,
            sequence: self.job.stored?.sequence ?? self.sequence,
            isRedelivered: self.job.stored?.isRedelivered ?? false, deadline: max(.zero, remaining))
    }
}

extension Timestamp {
    fileprivate static var now: Timestamp { Timestamp(milliseconds: WallClock.milliseconds()) }
}
