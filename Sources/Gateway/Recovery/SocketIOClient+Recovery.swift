import Bus
import HandlerContract
import NIOCore

/// A client that comes back: first who it is, then whether it may enter, then what it has missed.
extension SocketIOClient {
    /// How often a session is asked for that another loop is about to give away.
    private static let maxTakeOvers = 3

    // MARK: - Before the routes decide

    /// Looks whether the session that a client claims can be meant: handlers are told that it goes on.
    ///
    /// Nothing is given away yet, and no connection is closed: the client has not been let in.
    func consider(_ claim: RecoveryClaim, of socket: Socket) {
        let sessions = self.shard.core.sessions
        guard let entry = sessions.look(claim.pid), entry.identity.endpoint == self.endpointName,
            entry.identity.namespace === socket.namespace.namespace
        else { return self.dropClaim(of: socket, .unknown) }
        guard entry.identity.tokenUser.isExactly(socket.token?.user) else {
            // Whoever knows the pid of somebody else ends that session, unless its owner is connected.
            if case .absent = entry.place { self.destroy(claim.pid) }
            return self.dropClaim(of: socket, .otherUser)
        }
        do throws(RecoveryRefusal) {
            let sequence = try claim.sequence(in: socket.namespace.namespace.epoch)
            if case .absent(let session, _) = entry.place {
                try socket.namespace.namespace.check(session.record, from: sequence)
            }
            socket.resume(as: entry.identity.socketID)
            if case .absent(let session, _) = entry.place { socket.restore(session.state) }
        } catch {
            self.dropClaim(of: socket, .init(error))
        }
    }

    private func dropClaim(of socket: Socket, _ result: RecoveryResult) {
        socket.claim = nil
        socket.namespace.counters.recovery(result)
    }

    /// The session is over: its client was refused, or somebody else has its pid.
    func destroy(_ pid: SessionID) {
        guard self.shard.core.sessions.look(pid)?.identity.endpoint == self.endpointName else { return }
        if let session = self.shard.core.sessions.take(pid) { self.shard.sessionEnded(session) }
    }

    // MARK: - When they have let it in

    /// Takes the session, from whoever holds it.
    func takeOver(
        _ socket: Socket, _ claim: RecoveryClaim, attempt: Int, _ done: @escaping (TakeOver) -> Void
    ) {
        guard socket.phase == .connecting else { return }
        let sessions = self.shard.core.sessions
        if let session = sessions.take(claim.pid) { return self.resume(socket, session, claim, done) }
        guard case .live(let place)? = sessions.look(claim.pid)?.place, attempt <= Self.maxTakeOvers else {
            return self.fail(socket, .unknown, done)
        }
        let home = self.shard.handle
        let bound = NIOLoopBound((self, socket, done), eventLoop: self.shard.loop)
        // The other connection first: what it has not sent yet is then for this one.
        self.shard.core.shards[place].execute { shard in
            shard.evict(claim.pid)
            home.execute { _ in
                let (client, socket, done) = bound.value
                client.takeOver(socket, claim, attempt: attempt + 1, done)
            }
        }
    }

    private func resume(
        _ socket: Socket, _ session: AbsentSession, _ claim: RecoveryClaim, _ done: @escaping (TakeOver) -> Void
    ) {
        let namespace = socket.namespace.namespace
        guard session.endpoint == self.endpointName, session.namespace === namespace,
            session.record.socketID == socket.id, session.record.user.isExactly(socket.user)
        else {
            self.shard.sessionEnded(session)
            return self.fail(socket, .otherUser, done)
        }
        let bound = NIOLoopBound((self, socket, done), eventLoop: self.shard.loop)
        do throws(RecoveryRefusal) {
            let sequence = try claim.sequence(in: namespace.epoch)
            try namespace.enter(
                session.record, from: sequence, maxRooms: self.shard.limits.maxRoomsPerSocket,
                shard: self.shard.handle.index
            ) { recovery in
                let (client, socket, done) = bound.value
                guard socket.phase == .connecting else { return client.shard.sessionLeft(session) }
                socket.namespace.counters.recovery(.recovered)
                socket.restore(session.state)
                for case .state(let set, let unset) in recovery.stateChanges {
                    _ = socket.updateState(set: set, unset: unset)
                }
                socket.resumption = Resumption(session: session, recovery: recovery)
                done(.goesOn)
            }
            self.shard.drainInbox()
        } catch {
            self.shard.sessionEnded(session)
            self.fail(socket, .init(error), done)
        }
    }

    /// The client begins anew.
    private func fail(_ socket: Socket, _ result: RecoveryResult, _ done: (TakeOver) -> Void) {
        socket.namespace.counters.recovery(result)
        // A handler was told otherwise: it is asked again when the client is back in a moment.
        guard !socket.isAnnounced else { return done(.tryLater) }
        socket.begin(as: SessionID(shard: self.shard.handle.index, using: &self.shard.random).string)
        done(.beginsAnew)
    }

    // MARK: - Keeping a session

    /// Notes what is needed so that the client can come back to the socket.
    ///
    /// Called when the socket is being let in, before anything is sent.
    func beginTrack(of socket: Socket) {
        guard let window = self.recoveryWindow, socket.namespace.namespace.isLogged else { return }
        if let session = socket.resumption?.session, let record = socket.resumption?.recovery.record {
            socket.track = SessionTrack(pid: session.pid, window: window, record: record)
        } else {
            let pid = SessionID(shard: self.shard.handle.index, using: &self.shard.random)
            socket.track = SessionTrack(pid: pid, window: window, since: socket.namespace.settle())
        }
        guard let pid = socket.track?.pid else { return }
        self.shard.holders[pid] = socket
        let identity = SessionDirectory.Identity(
            socketID: socket.id, endpoint: self.endpointName, namespace: socket.namespace.namespace,
            tokenUser: socket.token?.user)
        self.shard.core.sessions.enter(pid, identity, shard: self.shard.handle.index)
    }

    /// The socket is closed and its client may come back to it.
    func leave(_ socket: Socket, _ track: SessionTrack, position: UInt64, _ reason: DisconnectReason) {
        track.isAway = true
        self.shard.holders[track.pid] = nil
        let requests = socket.takeRequests()
        let record = SessionRecord(
            socketID: socket.id, user: socket.user, since: track.since, position: position, sent: track.sent,
            stays: track.stays, unanswered: requests.values.map(\.sequence).sorted())
        let visit = AbsentSession.Visit(
            publicID: self.publicID, protocolName: self.protocolName, transport: self.transportName,
            handshake: self.handshake, connectedAtMilliseconds: socket.connectedAtMilliseconds,
            leftAtMilliseconds: WallClock.milliseconds())
        self.shard.sessionLeft(
            AbsentSession(
                pid: track.pid, endpoint: self.endpointName, namespace: socket.namespace.namespace, record: record,
                state: socket.state, token: socket.token, tokenUser: socket.token?.user, requests: requests,
                window: track.window, leftAt: .now, reason: reason, forgetsNamespace: self.forgetsEmptyNamespaces,
                visit: visit))
    }

    /// The socket is closed for good.
    func end(_ track: SessionTrack, of socket: Socket) {
        self.shard.holders[track.pid] = nil
        self.shard.core.sessions.forget(track.pid)
        if let id = SessionID(socket.id) { self.shard.core.namespaces.places.forget(id) }
    }

    // MARK: - What it missed

    /// Sends what the client missed, after it was told that it is in.
    func replay(_ resumption: Resumption, to socket: Socket) {
        let record = resumption.recovery.record
        let seen = Set(record.unanswered)
        for (id, request) in resumption.session.requests where seen.contains(request.sequence) {
            // It has the question, and may answer it yet.
            _ = socket.awaitAck(id, request.collector, sequence: request.sequence)
        }
        for entry in resumption.recovery.events {
            guard case .event(let broadcast, let asksAck) = entry.content else { continue }
            if asksAck {
                self.ask(broadcast, again: entry.sequence, socket)
            } else if let encoding = broadcast.encoding(.socketIORecoverable) {
                self.send(encoding, broadcast)
            }
        }
    }

    /// Asks under a new ack id, because the client may know the old one.
    private func ask(_ broadcast: Broadcast, again sequence: UInt64, _ socket: Socket) {
        guard case .event(var event) = broadcast.content, let collector = broadcast.collector, !collector.isDone else {
            return
        }
        let id = socket.namespace.namespace.nextAckID()
        guard socket.awaitAck(id, collector, sequence: sequence) else { return }
        event.ackID = id
        self.send(Encoding(event, namespace: broadcast.namespace), broadcast)
    }

    func send(_ encoding: Encoding, _ broadcast: Broadcast) {
        self.session?.send(encoding.first, compress: broadcast.compress)
        for packet in encoding.attachments { self.session?.send(packet, compress: broadcast.compress) }
    }
}

/// What became of a session that a client wants to go on with, once the client has been let in.
enum TakeOver {
    case goesOn
    case beginsAnew
    case tryLater
}
