import ArgumentParser
import Foundation
import LoadGenerator

struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Loads a Socket.IO or WebSocket server and measures it.",
        discussion: """
            URL is http://, https://, ws:// or wss://. Without a path, Socket.IO's is taken. \
            Exit code 0 when everything came back in order, 1 otherwise, 69 when nothing could be measured, \
            130 when it was interrupted: Ctrl-C ends it with a report of what it has measured so far.
            """,
        subcommands: [Connect.self, Echo.self, Fanout.self])

    struct Connect: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Opens clients and measures how long each takes to get in, and what it costs to hold them.")
        @OptionGroup var options: BenchOptions
        @Flag(help: "Close each client as soon as it is in, and open another one.") var churn = false

        func run() async { await self.options.run(.connect(churn: self.churn)) }
    }

    struct Echo: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Every client sends a message and waits for its answer: the ack of an event, or the same data.")
        @OptionGroup var options: BenchOptions

        func run() async { await self.options.run(.echo) }
    }

    struct Fanout: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "One client more sends an event that the server is to pass on to all the others.")
        @OptionGroup var options: BenchOptions

        func run() async { await self.options.run(.fanout) }
    }
}

/// What all scenarios of `gatehouse bench` take.
struct BenchOptions: ParsableArguments {
    @Argument(help: "The server, such as http://127.0.0.1:8080") var url: String

    @ArgumentParser.Option(name: .customLong("protocol"), help: "socket.io or websocket.")
    var dialect = LoadPlan.Dialect.socketIO
    @ArgumentParser.Option(help: "websocket, or polling (Socket.IO only).") var transport = LoadPlan.Transport.webSocket
    @ArgumentParser.Option(name: .shortAndLong, help: "How many clients.") var connections = 100
    @ArgumentParser.Option(help: "Messages that a sender has on the way at once.") var inFlight = 1
    @ArgumentParser.Option(help: "Messages a second in all, whatever has come back. Default: as fast as answers come.")
    var rate: Double?
    @ArgumentParser.Option(help: "Bytes of data in a message.") var size = 128
    @ArgumentParser.Option(help: "Seconds to measure (or to hold the clients).") var seconds = 5.0
    @ArgumentParser.Option(help: "Seconds to run before measuring.") var warmup = 1.0
    @ArgumentParser.Option(help: "Clients that may be on their way in at once.") var concurrency = 64
    @ArgumentParser.Option(help: "The event to send. Default: echo, or bcast for fanout.") var event: String?
    @Flag(name: .customLong("no-ack"), help: "The answer is an event with the same data, not an ack.") var noAck = false
    @ArgumentParser.Option(help: "The Socket.IO namespace.") var namespace = "/"
    @ArgumentParser.Option(
        help: ArgumentHelp(
            "Sent by each client when it is in, such as '[\"join\",\"room\"]'; {client} is its number.",
            valueName: "json"))
    var greeting: String?
    @ArgumentParser.Option(
        name: .customLong("header"), parsing: .singleValue,
        help: ArgumentHelp("A header of the opening request.", valueName: "Name: value"))
    var headers: [String] = []
    @Flag(help: "Accept any certificate.") var insecure = false
    @ArgumentParser.Option(help: "Connect from that many addresses of 127.0.0.0/8.") var sourceAddresses = 1
    @ArgumentParser.Option(help: "The server's process on this machine: reports its CPU and memory.") var pid: Int32?
    @ArgumentParser.Option(help: ArgumentHelp("Write the histogram as SVG.", valueName: "file")) var svg: String?
    @Flag(help: "As JSON.") var json = false

    func validate() throws {
        guard ServerAddress(self.url) != nil else {
            throw ValidationError("\(self.url) is not a URL of http, https, ws or wss")
        }
        let ranges: [(String, Bool)] = [
            ("--connections must be 1 to 1000000", (1...1_000_000).contains(self.connections)),
            ("--in-flight must be 1 to 10000", (1...10_000).contains(self.inFlight)),
            ("--size must be 14 to 10000000", (14...10_000_000).contains(self.size)),
            ("--seconds must be above 0, at most 86400", self.seconds > 0 && self.seconds <= 86_400),
            ("--warmup must be 0 to 3600", (0...3_600).contains(self.warmup)),
            ("--concurrency must be 1 to 100000", (1...100_000).contains(self.concurrency)),
            ("--rate must be 0.001 to 10000000", self.rate.map { (0.001...10_000_000).contains($0) } ?? true),
            (
                "--source-addresses must be 1 to \(LoadPlan.sourceAddressLimit)",
                (1...LoadPlan.sourceAddressLimit).contains(self.sourceAddresses)
            ),
            ("--namespace starts with a slash", self.namespace.hasPrefix("/")),
            ("polling is a transport of socket.io only", self.dialect == .socketIO || self.transport == .webSocket),
        ]
        for (message, holds) in ranges where !holds { throw ValidationError(message) }
        for header in self.headers where Self.field(header) == nil {
            throw ValidationError("--header \(header): give it as 'Name: value'")
        }
    }

    private static func field(_ text: String) -> (name: String, value: String)? {
        guard let colon = text.firstIndex(of: ":"), colon > text.startIndex, !text.contains(where: \.isNewline) else {
            return nil
        }
        let value = text[text.index(after: colon)...].drop { $0 == " " }
        return (String(text[..<colon]), String(value))
    }

    private func plan(_ scenario: LoadPlan.Scenario, _ server: ServerAddress) -> LoadPlan {
        var server = server
        if server.path.isEmpty || server.path == "/", self.dialect == .socketIO {
            server.path = "/socket.io/"
        }
        var plan = LoadPlan(scenario: scenario, server: server, dialect: self.dialect, transport: self.transport)
        plan.connections = self.connections
        plan.inFlight = self.inFlight
        plan.rate = self.rate
        plan.size = self.size
        plan.warmup = .seconds(self.warmup)
        plan.duration = .seconds(self.seconds)
        plan.concurrency = self.concurrency
        if let event { plan.event = event }
        plan.expectsAck = !self.noAck
        plan.namespace = self.namespace
        plan.greeting = self.greeting
        plan.headers = self.headers.compactMap(Self.field)
        plan.acceptsAnyCertificate = self.insecure
        plan.sourceAddresses = self.sourceAddresses
        plan.serverProcess = self.pid
        return plan
    }

    func run(_ scenario: LoadPlan.Scenario) async {
        await reportingFailures {
            guard let server = ServerAddress(self.url) else { return }
            signal(SIGPIPE, SIG_IGN)
            if let svg { try self.checkWritable(svg) }
            try self.checkMemory(scenario)
            HostLimits.raiseDescriptors()
            let plan = self.plan(scenario, server)
            let line = BenchProgressLine()
            Interruption.listen()
            let report: LoadReport
            do {
                report = try LoadRun(plan, isInterrupted: { Interruption.signal != nil }) { line.show($0) }.run()
            } catch let error as LoadError {
                line.clear()
                throw CommandFailure(Interruption.exitCode ?? 69, "bench: \(self.url): \(error.line)")
            }
            line.clear()
            if let svg {
                let picture = HistogramPicture(report.histogram).svg(title: report.title)
                guard FileManager.default.createFile(atPath: svg, contents: Data(picture.utf8)) else {
                    throw Self.unwritable(svg)
                }
            }
            print(self.json ? report.json : report.lines.joined(separator: "\n"))
            let remark = self.remark(report)
            if let code = Interruption.exitCode { throw CommandFailure(code, lines: remark) }
            guard report.isClean else { throw CommandFailure(1, lines: remark) }
        }
    }

    /// What a report cannot say for itself: one line, or none.
    private func remark(_ report: LoadReport) -> [String] {
        if let shortage = report.shortage { return ["gatehouse: bench: \(self.url): \(shortage)"] }
        guard report.messages == 0, report.lost > 0, !report.isInterrupted else { return [] }
        let advice =
            self.dialect == .webSocket
            ? "does the server send back what it gets?"
            : "does the server answer \(report.plan.event)? See --event and --no-ack"
        return ["gatehouse: bench: \(self.url): clients are in, but no message came back (\(advice))"]
    }

    /// What is on the way waits in memory for a server that reads it, or for a kernel that has room.
    private func checkMemory(_ scenario: LoadPlan.Scenario) throws {
        let most = 4 << 30
        let senders = scenario == .fanout ? 1 : self.connections
        guard self.rate == nil, scenario == .fanout || scenario == .echo else { return }
        let bytes = senders * self.inFlight * self.size
        guard bytes > most else { return }
        throw CommandFailure(
            64,
            "bench: all messages on the way may be \(bytes >> 30) GiB together, and 4 GiB is the most "
                + "(use fewer --connections, a smaller --in-flight or a smaller --size)")
    }

    /// Known before the measuring, not after it; leaves nothing behind.
    private func checkWritable(_ path: String) throws {
        let isNew = access(path, F_OK) != 0
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw Self.unwritable(path) }
        close(descriptor)
        if isNew { unlink(path) }
    }

    private static func unwritable(_ path: String) -> CommandFailure {
        CommandFailure(
            1,
            "bench: cannot write \(path): \(String(cString: strerror(errno))) (give --svg a file in a directory of yours)"
        )
    }
}

extension LoadPlan.Dialect: ExpressibleByArgument {}
extension LoadPlan.Transport: ExpressibleByArgument {}
