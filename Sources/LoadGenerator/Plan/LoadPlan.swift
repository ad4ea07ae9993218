/// What a benchmark is to do: which server, how many clients, and what each of them says.
package struct LoadPlan: Sendable {
    package enum Scenario: Hashable, Sendable {
        /// Clients are opened, at most ``LoadPlan/concurrency`` at a time, and held; with `churn` each is closed when it
        /// is ready and another one takes its place.
        case connect(churn: Bool)
        /// Every client sends a message and waits for its answer.
        case echo
        /// One more client sends, and every other is to receive it.
        case fanout
    }

    package enum Dialect: String, Sendable { case socketIO = "socket.io", webSocket = "websocket" }
    package enum Transport: String, Sendable { case webSocket = "websocket", polling }

    package var scenario: Scenario
    package var server: ServerAddress
    package var dialect: Dialect
    package var transport: Transport
    /// Clients that receive; a fan-out has one more, which sends.
    package var connections = 100
    /// How many messages a client (echo) or the sender (fan-out) has on the way at once.
    package var inFlight = 1
    /// Messages per second in all, sent on time whatever has come back; `nil`: as fast as answers come.
    package var rate: Double?
    /// Bytes of a message's data.
    package var size = 128
    package var warmup: Duration = .seconds(1)
    package var duration: Duration = .seconds(5)
    /// How many clients may be on their way in at once.
    package var concurrency = 64
    /// The Socket.IO event that is sent.
    package var event: String
    /// Whether the answer to a Socket.IO event is its ack; otherwise it is an event that carries the data back.
    package var expectsAck = true
    package var namespace = "/"
    /// Sent by each client as soon as it is in: a Socket.IO packet's array, such as `["join","bench"]`.
    ///
    /// `{client}` stands for the client's number.
    package var greeting: String?
    /// Sent with the opening request of each client, such as an `Authorization`.
    package var headers: [(name: String, value: String)] = []
    /// Whether a certificate that nobody vouches for will do.
    package var acceptsAnyCertificate = false
    /// Addresses of 127.0.0.0/8 to connect from: one address has some 28,000 ports.
    package var sourceAddresses = 1
    /// The server's process, when it runs on this machine: its CPU and memory become part of the report.
    package var serverProcess: Int32?
    /// How long nothing may come of an opening before it counts as failed.
    package var patience: Duration = .seconds(10)

    /// How long the last messages may be on their way before they are lost.
    package static let drainLimit: Duration = .seconds(2)
    /// What comes from more of them has fewer clients than ports in any case that fits one machine.
    package static let sourceAddressLimit = 250

    package init(scenario: Scenario, server: ServerAddress, dialect: Dialect, transport: Transport) {
        self.scenario = scenario
        self.server = server
        self.dialect = dialect
        self.transport = transport
        self.event = scenario == .fanout ? "bcast" : "echo"
    }

    /// Connections that are open at once when all clients are in.
    package var sockets: Int {
        (self.connections + (self.scenario == .fanout ? 1 : 0)) * (self.transport == .polling ? 2 : 1)
    }
}
