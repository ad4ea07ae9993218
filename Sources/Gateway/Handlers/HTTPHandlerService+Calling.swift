import AsyncHTTPClient
import HandlerContract
import Logging
import NIOCore
import NIOHTTP1

extension HTTPHandlerService {
    /// Makes one call and waits for how it ends, until its deadline at the latest.
    func call(_ attempt: HandlerAttempt) async -> CallResult {
        let job = attempt.job
        let remaining = ContinuousClock.now.duration(to: attempt.deadline)
        let delivery = Delivery(
            mode: job.mode, attempt: attempt.number, lane: job.lane,
            sequence: job.stored?.sequence ?? attempt.sequence, isRedelivered: job.stored?.isRedelivered ?? false,
            deadline: max(.zero, remaining))
        let body = Envelope(job.input).body(for: delivery)
        let headers = RequestHeaders(
            eventID: job.input.id, type: job.input.type, route: job.input.route, delivery: delivery)
        let now = Timestamp(milliseconds: WallClock.milliseconds())
        var request = setup.request
        let fields = headers.fields(version: setup.version, now: now, signature: setup.signature, body: body)
        request.headers = HTTPHeaders(fields.map { ($0.name, $0.value) })
        request.body = .byteBuffer(ByteBuffer(bytes: body))
        let call = HTTPCall()
        do {
            let deadline = NIODeadline.now() + TimeAmount(remaining)
            let task = client.execute(request: request, delegate: call, deadline: deadline)
            let reply = try await task.futureResult.get()
            return CallResult(reply, to: job, now: Timestamp(milliseconds: WallClock.milliseconds()))
        } catch {
            return CallResult(error, call.progress)
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
