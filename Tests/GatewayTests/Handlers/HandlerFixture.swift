import HandlerContract
import Logging
import NIOCore
import Routing
import Synchronization

@testable import Configuration
@testable import Gateway

/// A service in front of a backend, and what became of its jobs.
struct HandlerFixture: Sendable {
    let service: HTTPHandlerService
    let results = Recorder<(job: String, result: HandlerResult)>()
    let log = LogLines()

    /// For what is not expected to time out, on a machine that is busy with other tests.
    static let patience: Duration = .seconds(300)

    init(
        url: String, timeout: Duration = Self.patience, concurrency: Int = 64, keys: [String] = [],
        certificateAuthority: String? = nil, laneCapacity: Int = 1_000, breaker: CircuitBreaker.Limits? = nil,
        random: Double = 0
    ) throws {
        var options = HandlerFixture.options(url: url)
        options.timeout = timeout
        options.concurrency = concurrency
        options.signingKeys = keys.map { Secret($0) }
        options.certificateAuthority = certificateAuthority
        let setup = try HTTPHandlerSetup(name: "backend", options: options, version: "1.0")
        service = HTTPHandlerService(
            setup, logger: log.logger, laneCapacity: laneCapacity, breaker: breaker, random: { random })
    }

    static func options(url: String) -> GatewayConfiguration.HTTPHandler {
        GatewayConfiguration.HTTPHandler(
            url: url, timeout: .seconds(5), concurrency: 64, signingKeys: [], forwardHeaders: [],
            certificateAuthority: nil)
    }

    /// Submits an event whose id is `evt_<name>`.
    @discardableResult
    func send(
        _ name: String, lane: String = "socket:S", route: String = "chat", mode: DeliveryMode = .request,
        timeout: Duration = Self.patience, isIdempotent: Bool = false
    ) -> Bool {
        let arguments = Array(#"{"n":1e400}"#.utf8)
        return service.submit(
            HandlerJob(
                name, content: .event(name: "say", arguments: arguments, attachments: [], wantsAck: true), lane: lane,
                route: route, mode: mode, timeout: timeout, isIdempotent: isIdempotent,
                complete: { results.append((name, $0)) }))
    }

    @discardableResult
    func connect(_ name: String = "C", lane: String = "socket:S", timeout: Duration = Self.patience) -> Bool {
        service.submit(
            HandlerJob(
                name, content: .connect(EnvelopeInput.Connect()), lane: lane, timeout: timeout,
                complete: { results.append((name, $0)) }))
    }

    /// The result of the only job.
    func only() async -> String { await labels(1).first ?? "" }

    /// The results so far as words, as soon as there are `count` of them.
    func labels(_ count: Int) async -> [String] { await results.reached(count).map { $0.result.label } }

    func end() async { await service.shutDown(within: .zero) }
}

extension HandlerJob {
    init(
        _ name: String, content: EnvelopeInput.Content, lane: String, route: String = "chat",
        mode: DeliveryMode = .request, timeout: Duration = .seconds(5), isIdempotent: Bool = false,
        complete: @escaping @Sendable (HandlerResult) -> Void
    ) {
        let socket = SocketDetails(
            id: "S", session: "c_1", namespace: "/", transport: "websocket", connectedAt: Timestamp(seconds: 0),
            remoteAddress: "203.0.113.9", isTLS: true)
        self.init(
            input: EnvelopeInput(
                id: "evt_\(name)", time: Timestamp(seconds: 1), route: route, node: "n1", socket: socket,
                content: content),
            mode: mode, lane: lane, socketID: "S", timeout: timeout, isIdempotent: isIdempotent, complete: complete)
    }
}

extension HandlerResult {
    /// A word for expectations.
    var label: String {
        switch self {
        case .answer(let answer): "answer " + String(decoding: answer.reply.arguments, as: UTF8.self)
        case .connect(.accept(let acceptance)): "accept \(acceptance.user ?? "-")"
        case .connect(.refuse(let refusal)): "refuse \(refusal.message)"
        case .connect(.retry): "retry"
        case .connectRefused: "refused"
        case .failed(let error): "failed \(error.code.rawValue)"
        case .done: "done"
        case .deadLetter(let cause): "dead \(cause.reason.rawValue) \(cause.attempts) \(cause.status)"
        case .suspended: "suspended"
        case .kept: "kept"
        }
    }
}

/// What a service has logged, as lines with their metadata.
struct LogLines: Sendable {
    let lines = Recorder<String>()

    var logger: Logger { Logger(label: "test") { _ in Sink(lines: lines) } }

    private struct Sink: LogHandler {
        let lines: Recorder<String>
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let fields = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            lines.append(([event.level.rawValue, event.message.description] + fields).joined(separator: " "))
        }
    }
}
