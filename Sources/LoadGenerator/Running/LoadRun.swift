import Glibc

/// Carries out a ``LoadPlan`` on the calling thread: one poller, no locks, bounded by the plan's times.
package final class LoadRun {
    let plan: LoadPlan
    private let poller: Poller
    private let address: SocketAddress
    private let tls: TLSClientContext?
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 * 1_024, alignment: 16)
    private var random = SystemRandomNumberGenerator()
    private let report: (LoadProgress) -> Void

    /// By index; the sender of a fan-out is the last one.
    private(set) var clients: [LoadClient?] = []
    private var generation: UInt32 = 0
    private var nextIndex = 0
    private var opening = 0
    private(set) var readyCount = 0
    private(set) var failures: [String: Int] = [:]

    private(set) var phase = LoadProgress.Phase.opening
    var text: MessageText
    var histogram = LatencyHistogram()
    var messages: UInt64 = 0
    var outOfOrder: UInt64 = 0
    /// Messages on the way to or from clients that ended.
    var lost = 0
    var fanout = FanoutTable()
    private var nextDue: UInt64 = 0
    private var turn = 0

    /// Throws when the server's name leads nowhere.
    package init(_ plan: LoadPlan, report: @escaping (LoadProgress) -> Void) throws(LoadError) {
        self.plan = plan
        self.report = report
        self.poller = try Poller()
        self.address = try SocketAddress(resolving: plan.server)
        self.tls =
            plan.server.isTLS
            ? try TLSClientContext(server: plan.server, acceptsAnyCertificate: plan.acceptsAnyCertificate) : nil
        self.text = MessageText(plan: plan)
    }

    deinit { self.buffer.deallocate() }

    private var wanted: Int { self.plan.connections + (self.plan.scenario == .fanout ? 1 : 0) }
    private var isChurning: Bool { self.plan.scenario == .connect(churn: true) }

    // MARK: - The run

    /// Runs all of it; throws when no client got in at all.
    package func run() throws(LoadError) -> LoadReport {
        let started = now()
        let before = self.plan.serverProcess.flatMap { ProcessUsage(process: $0) }
        if let pid = self.plan.serverProcess, before == nil {
            throw LoadError("no process \(pid) (is --pid the server's, on this machine?)")
        }
        self.clients = Array(repeating: nil, count: self.wanted)
        var openingHistogram = LatencyHistogram()
        if !self.isChurning {
            self.turns(until: { self.readyCount + self.failedCount >= self.wanted && self.opening == 0 })
            guard self.readyCount > 0, self.plan.scenario != .fanout || self.sender?.isReady == true else {
                throw LoadError(self.failures.max { $0.value < $1.value }?.key ?? "no client got in")
            }
            openingHistogram = self.histogram
        }
        let opened = now()
        let held = self.plan.serverProcess.flatMap { ProcessUsage(process: $0) }

        self.phase = .warmup
        // What the greeting asks for, such as a room, is to be done before the first message.
        if self.plan.greeting != nil { self.turns(for: .milliseconds(500)) }
        self.startMessages()
        self.turns(for: self.plan.warmup)
        if self.isChurning || self.sendsMessages { self.histogram = LatencyHistogram() }
        self.messages = 0
        self.phase = .measuring
        let measureStart = now()
        let usageStart = self.plan.serverProcess.flatMap { ProcessUsage(process: $0) }
        let ownStart = ProcessUsage(process: getpid())
        self.turns(for: self.plan.duration)
        let seconds = Double(now() - measureStart) / 1e9
        let usage = usageStart.flatMap { start in
            self.plan.serverProcess.flatMap { ProcessUsage(process: $0)?.since(start) }
        }
        let own = ownStart.flatMap { start in ProcessUsage(process: getpid())?.since(start) }
        let messages = self.messages
        self.phase = .draining
        self.turns(until: { self.undelivered == 0 }, for: min(self.plan.patience, .seconds(2)))
        let lost = self.lost + self.undelivered
        let ready = self.isChurning ? Int(clamping: messages) : self.readyCount
        self.closeAll()

        let isOpening = self.plan.scenario == .connect(churn: false)
        return LoadReport(
            plan: self.plan, ready: ready, failures: self.failures,
            histogram: isOpening ? openingHistogram : self.histogram,
            messages: isOpening ? UInt64(self.readyCount) : messages,
            seconds: isOpening ? Double(opened - started) / 1e9 : seconds,
            lost: lost, outOfOrder: self.outOfOrder,
            server: isOpening ? before.flatMap { held?.since($0) } : usage,
            held: isOpening ? usage : nil, own: own, ownSeconds: seconds,
            bytesPerConnection: isOpening ? Self.growth(before, held, connections: self.readyCount) : nil)
    }

    private static func growth(_ before: ProcessUsage?, _ after: ProcessUsage?, connections: Int) -> Double? {
        guard let before, let after, connections > 0 else { return nil }
        return (Double(after.residentBytes) - Double(before.residentBytes)) / Double(connections)
    }

    private var failedCount: Int { self.failures.values.reduce(0, +) }

    private func turns(for duration: Duration) {
        self.turns(until: { false }, for: duration)
    }

    private var lastWord: (at: UInt64, messages: UInt64) = (now(), 0)

    /// Serves the sockets until the condition holds or the time is over.
    private func turns(until isDone: () -> Bool, for duration: Duration? = nil) {
        let start = now()
        let limit = duration?.nanoseconds ?? .max
        while !isDone() {
            let instant = now()
            if instant - start >= limit { break }
            self.openMore(instant)
            self.sendDue(instant)
            let left = (limit - (instant - start)) / 1_000_000
            self.poller.wait(milliseconds: Int32(min(self.pause, left + 1))) { self.ready($0) }
            self.speak(instant)
        }
    }

    /// How long nothing needs to be done, in whole milliseconds: a message that is due sooner is waited for awake.
    private var pause: UInt64 {
        guard self.nextDue > 0, self.phase == .warmup || self.phase == .measuring else { return 20 }
        let instant = now()
        return self.nextDue > instant ? min(20, (self.nextDue - instant) / 1_000_000) : 0
    }

    private func speak(_ instant: UInt64) {
        let pause = instant &- self.lastWord.at
        guard pause >= 1_000_000_000 else { return }
        self.endLateOpenings(instant)
        let count = self.messages >= self.lastWord.messages ? self.messages - self.lastWord.messages : self.messages
        self.report(
            LoadProgress(
                phase: self.phase, elapsed: .nanoseconds(Int64(clamping: instant - self.runStart)),
                ready: self.readyCount, wanted: self.wanted, failed: self.failedCount,
                messagesPerSecond: Double(count) / (Double(pause) / 1e9), histogram: self.histogram))
        self.lastWord = (instant, self.messages)
    }

    private let runStart = now()

    // MARK: - Opening and closing

    private func openMore(_ instant: UInt64) {
        let mayOpen = self.isChurning ? self.phase != .draining : self.phase == .opening
        guard mayOpen else { return }
        var attempts = 0
        // Attempts are counted too: one that fails at once leaves its place free for the next, for ever.
        while self.opening < self.plan.concurrency, attempts < self.plan.concurrency {
            defer { attempts += 1 }
            if self.isChurning {
                guard let free = self.clients.firstIndex(where: { $0 == nil }) else { return }
                self.open(free, instant)
            } else {
                guard self.nextIndex < self.wanted else { return }
                self.nextIndex += 1
                self.open(self.nextIndex - 1, instant)
            }
        }
    }

    private func open(_ index: Int, _ instant: UInt64) {
        let dialogue: Dialogue =
            switch self.plan.transport {
            case .webSocket: WebSocketDialogue(plan: self.plan, random: self.random.next())
            case .polling: PollingDialogue(plan: self.plan)
            }
        self.generation &+= 1
        let client = LoadClient(index: index, generation: self.generation, dialogue: dialogue, startedAt: instant)
        self.clients[index] = client
        self.opening += 1
        do throws(LoadError) {
            for lane in 0..<dialogue.lanes {
                let socket = try ClientSocket(to: self.address, source: self.source(of: index), tls: self.tls)
                client.sockets.append(socket)
                client.isWriteWatched.append(true)
                self.poller.add(socket.descriptor, token: client.token(lane: lane), writable: true)
            }
        } catch {
            self.end(client, error)
        }
    }

    private func source(of index: Int) -> UInt32? {
        guard self.plan.sourceAddresses > 1 else { return nil }
        return 0x7F00_0001 + UInt32(index % self.plan.sourceAddresses)
    }

    /// The client is through, by a failure or because it has done what it was for.
    private func end(_ client: LoadClient, _ failure: LoadError?) {
        guard self.clients[client.index] === client else { return }
        self.clients[client.index] = nil
        client.sockets = []
        if let failure { self.failures[failure.description, default: 0] += 1 }
        guard client.isReady else {
            self.opening -= 1
            return
        }
        self.readyCount -= 1
        self.abandon(client)
    }

    private func endLateOpenings(_ instant: UInt64) {
        guard self.opening > 0 else { return }
        let patience = self.plan.patience.nanoseconds
        for client in self.clients {
            guard let client, !client.isReady, instant - client.startedAt > patience else { continue }
            self.end(client, LoadError("no answer within \(self.plan.patience)"))
        }
    }

    private func closeAll() {
        for client in self.clients {
            guard let client else { continue }
            client.dialogue.close()
            self.flush(client)
        }
        self.clients = []
    }

    // MARK: - Reading and writing

    private func ready(_ readiness: Poller.Readiness) {
        let index = Int(readiness.token & 0xFFFF_FFFF) >> 1
        let lane = Int(readiness.token & 1)
        guard index < self.clients.count, let client = self.clients[index],
            client.generation == UInt32(readiness.token >> 32)
        else { return }
        let socket = client.sockets[lane]
        do throws(LoadError) {
            if socket.progress == .connecting {
                if try socket.advance() { client.dialogue.opened(lane: lane) }
            } else if readiness.isReadable {
                repeat {
                    guard let bytes = try socket.read(into: self.buffer) else { break }
                    try client.dialogue.receive(bytes, lane: lane) { arrival throws(LoadError) in
                        try self.arrived(arrival, client)
                    }
                } while socket.hasBufferedInput && self.clients[index] === client
            }
            self.flush(client)
        } catch {
            self.end(client, error)
        }
    }

    /// Writes what the client's dialogue has to say.
    func flush(_ client: LoadClient) {
        guard !client.sockets.isEmpty else { return }
        do throws(LoadError) {
            for (lane, socket) in client.sockets.enumerated() {
                if socket.progress == .open { try socket.write(&client.dialogue.output[lane]) }
                guard socket.wantsWrite != client.isWriteWatched[lane] else { continue }
                client.isWriteWatched[lane] = socket.wantsWrite
                self.poller.change(socket.descriptor, token: client.token(lane: lane), writable: socket.wantsWrite)
            }
        } catch {
            self.end(client, error)
        }
    }

    private func arrived(_ arrival: Dialogue.Arrival, _ client: LoadClient) throws(LoadError) {
        switch arrival {
        case .ready:
            guard !client.isReady else { return }
            client.isReady = true
            self.opening -= 1
            self.readyCount += 1
            if self.phase == .opening || self.isChurning { self.histogram.record(now() - client.startedAt) }
            if self.isChurning {
                self.messages += 1
                client.dialogue.close()
                self.flush(client)
                self.end(client, nil)
            } else if let greeting = self.plan.greeting, client !== self.sender {
                self.greet(client, greeting)
            }
        case .message(let message):
            self.received(message, client)
        }
    }

    private func greet(_ client: LoadClient, _ greeting: String) {
        let namespace = self.plan.namespace == "/" ? "" : "\(self.plan.namespace),"
        let own = greeting.replacing("{client}", with: String(client.index))
        let packet = self.plan.dialect == .socketIO ? "2\(namespace)\(own)" : own
        Array(packet.utf8).withUnsafeBytes { client.dialogue.send($0) }
    }

    // MARK: - At a rate

    /// Sends what is due, whatever has come back: who waits for answers does not see how long others would have waited.
    private func sendDue(_ instant: UInt64) {
        guard let rate = self.plan.rate, self.phase == .warmup || self.phase == .measuring, self.sendsMessages else {
            return
        }
        let interval = UInt64(max(1, 1e9 / rate))
        if self.nextDue == 0 { self.nextDue = instant }
        while self.nextDue <= instant {
            if let client = self.nextSender() { self.sendOne(client, at: self.nextDue) }
            self.nextDue += interval
        }
    }

    private func nextSender() -> LoadClient? {
        if self.plan.scenario == .fanout { return self.sender }
        for _ in 0..<self.clients.count {
            self.turn = (self.turn + 1) % self.clients.count
            if let client = self.clients[self.turn], client.isReady { return client }
        }
        return nil
    }

    var sender: LoadClient? { self.plan.scenario == .fanout ? self.clients.last ?? nil : nil }
}
