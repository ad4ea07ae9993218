/// How clients come and go, and what their sockets bring.
extension LoadRun {
    // MARK: - Opening and closing

    func openMore(_ instant: UInt64) {
        let mayOpen = self.isChurning ? self.phase == .warmup || self.phase == .measuring : self.phase == .opening
        guard mayOpen, self.shortage == nil else { return }
        var attempts = 0
        // Attempts are counted too: one that fails at once leaves its place free for the next, for ever.
        while self.opening < self.plan.concurrency, attempts < self.plan.concurrency, self.shortage == nil,
            let index = self.freeIndices.popLast()
        {
            attempts += 1
            self.open(index, instant)
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
                let socket = try ClientSocket(to: self.address, source: self.nextSource(), tls: self.tls)
                client.sockets.append(socket)
                try self.poller.add(socket.descriptor, token: client.token(lane: lane))
            }
        } catch {
            self.end(client, error)
        }
    }

    /// Addresses take turns by connection, not by client: few clients that churn use all of them too.
    private func nextSource() -> UInt32? {
        defer { self.attempts += 1 }
        guard self.plan.sourceAddresses > 1 else { return nil }
        return 0x7F00_0001 + UInt32(self.attempts % self.plan.sourceAddresses)
    }

    /// The client is through, by a failure or because it has done what it was for.
    private func end(_ client: LoadClient, _ failure: LoadError?) {
        guard self.clients[client.index] === client else { return }
        self.clients[client.index] = nil
        if self.isChurning { self.freeIndices.append(client.index) }
        client.sockets = []
        if let failure { self.failed(failure, wasReady: client.isReady) }
        guard client.isReady else {
            self.opening -= 1
            return
        }
        self.readyCount -= 1
        self.abandon(client)
    }

    private func failed(_ failure: LoadError, wasReady: Bool) {
        self.failures[failure.description, default: LoadFailures(error: failure)].count += 1
        if wasReady { self.failures[failure.description]?.disconnected += 1 }
        guard let shortage = failure.shortage, self.shortage == nil else { return }
        self.shortage = shortage
        guard !self.isChurning else { return }
        // What is not tried would fail in the same way.
        self.failures[failure.description]?.count += self.freeIndices.count
        self.freeIndices = []
    }

    func endLateOpenings(_ instant: UInt64) {
        guard self.opening > 0 else { return }
        let patience = self.plan.patience.nanoseconds
        for client in self.clients {
            guard let client, !client.isReady, instant > client.startedAt, instant - client.startedAt > patience else {
                continue
            }
            self.end(client, client.dialogue.silence(within: self.plan.patience))
        }
    }

    func closeAll() {
        for client in self.clients {
            guard let client else { continue }
            client.dialogue.close()
            self.flush(client)
        }
        self.clients = []
    }

    // MARK: - Reading and writing

    /// Reads of one connection before others have their turn: as much as comes in a moment, whatever its server does.
    private static let readsInARow = 64

    func ready(_ readiness: Poller.Readiness) {
        let index = Int(readiness.token & 0xFFFF_FFFF) >> 1
        let lane = Int(readiness.token & 1)
        guard index < self.clients.count, let client = self.clients[index],
            client.generation == UInt32(readiness.token >> 32)
        else { return }
        let socket = client.sockets[lane]
        do throws(LoadError) {
            if socket.progress == .connecting {
                guard try socket.advance() else { return }
                client.dialogue.opened(lane: lane)
            }
            // TLS may have received more than it was asked for, such as what came behind a handshake.
            if readiness.isReadable || socket.hasReceived {
                try self.read(socket, of: client, lane: lane, toTheEnd: readiness.hasEnd)
            }
            self.flush(client)
        } catch {
            self.end(client, error)
        }
    }

    private func read(_ socket: ClientSocket, of client: LoadClient, lane: Int, toTheEnd: Bool) throws(LoadError) {
        socket.becameReadable()
        for _ in 0..<Self.readsInARow {
            guard let bytes = try socket.read(into: self.buffer, toTheEnd: toTheEnd) else { return }
            try client.dialogue.receive(bytes, lane: lane) { arrival throws(LoadError) in
                try self.arrived(arrival, client)
            }
            guard !client.sockets.isEmpty else { return }
        }
        self.poller.repeatReadiness(socket.descriptor, token: client.token(lane: lane))
    }

    /// Writes what the client's dialogue has to say.
    func flush(_ client: LoadClient) {
        do throws(LoadError) {
            for lane in client.sockets.indices {
                let socket = client.sockets[lane]
                guard socket.progress == .open, socket.hasOutput || !client.dialogue.output[lane].isEmpty else {
                    continue
                }
                try socket.write(&client.dialogue.output[lane])
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
            self.hasOpened = true
            self.opening -= 1
            self.readyCount += 1
            if self.phase == .opening || self.isChurning { self.histogram.record(now() - client.startedAt) }
            if self.isChurning {
                if self.phase != .draining { self.messages += 1 }
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
}
