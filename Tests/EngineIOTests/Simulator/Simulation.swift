import EngineIO

/// One session in one world, from handshake to end, and what must be true of it.
struct Simulation {
    private(set) var failures: [String]
    private(set) var counts: [String: Int]
    private(set) var trace: [String]

    /// In milliseconds.
    static let pingInterval = 300

    init(seed: UInt64, revision: ProtocolRevision = .four, isTracing: Bool = false) {
        let world = World(seed: seed, isTracing: isTracing)
        let configuration = SessionConfiguration(
            revision: revision, pingInterval: .milliseconds(Self.pingInterval), pingTimeout: .milliseconds(200),
            upgradeTimeout: .milliseconds(250), linger: .milliseconds(300), maxPayload: 1000)
        let server = SimulatedServer(world: world, configuration: configuration)
        let client = SimulatedClient(world: world, revision: revision)
        // A third of the worlds is at peace: what is sent there must arrive.
        let network = Network(
            world: world, server: server, client: client,
            faults: world.random.oneIn(3) ? 0 : UInt64(20 + world.random.below(200)))
        server.network = network
        client.network = network
        client.serverSent = { server.sent }

        let end = 300 + world.random.below(700)
        for _ in 0..<world.random.below(12) {
            let burst = world.random.oneIn(4) ? 10 : 1 + world.random.below(3)
            world.at(world.random.below(end)) { server.sendMessages(burst) }
        }
        for _ in 0..<world.random.below(10) {
            let burst = world.random.oneIn(4) ? 10 : 1 + world.random.below(3)
            world.at(world.random.below(end)) { client.sendMessages(burst) }
        }
        for _ in 0..<world.random.below(3) { world.at(world.random.below(end)) { client.upgrade() } }
        if world.random.oneIn(5) {
            let discard = world.random.oneIn(2)
            world.at(world.random.below(end)) { server.close(discard: discard) }
        }
        if world.random.oneIn(8) { world.at(world.random.below(end)) { client.close() } }
        if network.faults > 0, world.random.oneIn(2) {
            for _ in 0..<(1 + world.random.below(3)) {
                let habits = SimulatedClient.BadHabit.allCases
                let habit = habits[world.random.below(habits.count)]
                world.at(world.random.below(end)) { client.misbehave(habit, server: server) }
            }
        }
        let handshake = network.handshake()
        client.start(handshake)
        server.handshake(handshake)
        world.run(until: end)

        // Then all is quiet, long enough for everything to arrive and for the dead to be found.
        network.faults = 0
        world.run(until: end + 1200)
        if !client.isClosed, server.session.isOpen {
            world.count("alive at the end")
            if !client.isTainted {
                world.expect(client.received == server.sent, "client has \(client.received) of \(server.sent)")
                world.expect(server.left == server.sent, "\(server.left) of \(server.sent) have left")
            }
            if !server.isReceivingAnything {
                world.expect(server.received == client.sent, "server has \(server.received) of \(client.sent)")
            }
        }
        if client.isClosed { world.expect(server.session.isClosed, "the client is gone, the session is not") }

        client.close()
        server.close(discard: false)
        world.run(until: end + 2400)
        world.expect(server.session.isClosed, "the session never ends")
        world.expect(server.session.queuedBytes == 0 && server.session.queuedPackets == 0, "memory is left")
        for exchange in network.exchanges where exchange.hasArrived {
            let isExcused = exchange.isLostToServer
            world.expect(
                exchange.answers == 1 || exchange.answers == 0 && isExcused,
                "request \(exchange.id) was answered \(exchange.answers) times")
        }
        let sent = server.sent
        server.sendMessages(3)
        world.expect(server.sent == sent, "a closed session took messages")
        world.end()
        failures = world.failures
        counts = world.counts
        trace = world.trace
    }
}
