import HTTP1
import NIOCore

/// The listener for operators: health, metrics, and the API by which backends and people act on sockets and rooms.
///
/// The loop decides whether a request is let in; everything else happens in a task, because it may concern all loops.
final class AdminEndpoint: Endpoint {
    static let maxBodyBytes = 1_048_576
    static let maxBatchBytes = 8 * 1_048_576

    private let gate: AdminGate
    private let api: AdminAPI

    init(shard: Shard) {
        self.gate = AdminGate(shard.generation.configuration.admin)
        self.api = AdminAPI(core: shard.core)
        super.init(name: "admin", path: "/", shard: shard)
        if shard.generation.configuration.admin != nil { shard.lagProbe.start(on: shard.loop) }
    }

    /// Nothing is read of a body whose sender is not let in.
    override func bodyLimit(for exchange: HTTPExchange) -> Int {
        guard let admission = try? self.gate.admit(exchange.head) else { return 0 }
        switch admission.route.body {
        case .none: return 0
        case .optional, .required:
            return admission.route.operation == .batch ? Self.maxBatchBytes : Self.maxBodyBytes
        }
    }

    override func refusal(_ error: RequestError, for exchange: HTTPExchange) -> HTTPResponse? {
        do throws(AdminProblem) {
            let admission = try self.gate.admit(exchange.head)
            if admission.route.body == .none { try AdminGate.checkContent(exchange.head, admission.route) }
            return AdminProblem(error.status, error.reason).response
        } catch {
            self.count(error)
            return error.response
        }
    }

    override func handle(_ exchange: HTTPExchange) {
        let admission: AdminGate.Admission
        do throws(AdminProblem) {
            admission = try self.gate.admit(exchange.head)
            try AdminGate.checkContent(exchange.head, admission.route)
        } catch {
            self.count(error)
            return exchange.respond(error.response)
        }
        let core = self.shard.core
        switch admission.route.operation {
        case .live: return HealthChecks.answer(exchange, check: .live, core: core)
        case .ready: return HealthChecks.answer(exchange, check: .ready, core: core)
        case .started: return HealthChecks.answer(exchange, check: .started, core: core)
        default: break
        }
        let request = AdminRequest(admission, head: exchange.head, body: exchange.body)
        let reply = exchange.reply
        let api = self.api
        Task { reply.respond(await api.answer(request)) }
    }

    private func count(_ problem: AdminProblem) {
        switch problem.status {
        case 401: self.shard.counters.adminKeyFailures &+= 1
        case 403: self.shard.counters.adminScopeFailures &+= 1
        default: break
        }
    }
}
