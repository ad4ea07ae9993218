import NIOCore
import OpenSSLTLS

extension Connection {
    /// What a TLS connection remembers while its handshake is not complete.
    final class PendingHandshake {
        /// In ``HandshakesUnderWay``.
        let number: UInt64
        /// What has come while others had their turn.
        var input = ByteBuffer()

        init(number: UInt64) { self.number = number }
    }

    /// Counts the handshake among those under way.
    func beginHandshake() {
        guard self.isTLS, self.tls?.isEstablished == false else { return }
        let (number, crowdedOut) = self.shard.handshakes.began(self)
        self.pendingHandshake = PendingHandshake(number: number)
        crowdedOut?.crowdedOut()
    }

    /// Its place goes to a newer one.
    private func crowdedOut() {
        if self.listener.index < self.shard.counters.listeners.count {
            self.shard.counters.listeners[self.listener.index].tlsErrors["crowded", default: 0] &+= 1
        }
        self.close(.timeout)
    }

    /// The handshake is complete, or the connection is gone.
    func endHandshake() {
        guard let pending = self.pendingHandshake.take() else { return }
        self.shard.handshakes.ended(pending.number)
    }

    /// Bytes of a TLS connection have arrived: what they decrypt to goes to the protocol.
    func receiveEncrypted(_ bytes: UnsafeRawBufferPointer, _ engine: TLSEngine) {
        guard let pending = self.pendingHandshake else { return self.decrypt(bytes, engine) }
        guard self.shard.handshakePace.isOpen, pending.input.readableBytes == 0 else {
            self.shard.counters.tlsHandshakesDelayed &+= 1
            // One read, or two when the peer has ended its side; more is nothing that a handshake needs.
            guard pending.input.readableBytes <= Shard.receiveCapacity else { return }
            let isFirst = pending.input.readableBytes == 0
            pending.input.writeBytes(bytes)
            self.setReadsPaused(true)
            if isFirst, self.shard.handshakePace.wait(self) { self.shard.armHandshakes() }
            return
        }
        self.takeStep(bytes, engine)
    }

    /// It has waited, and it is its turn.
    func resumeHandshake() {
        guard let pending = self.pendingHandshake, let engine = self.tls else { return }
        var input = ByteBuffer()
        swap(&input, &pending.input)
        self.setReadsPaused(false)
        input.withUnsafeReadableBytes { self.takeStep($0, engine) }
    }

    private func takeStep(_ bytes: UnsafeRawBufferPointer, _ engine: TLSEngine) {
        let sent = self.shard.counters.sentBytes
        self.decrypt(bytes, engine)
        // What brought no answer was a part of a message, and cost nothing to speak of.
        guard self.shard.counters.sentBytes != sent else { return }
        if self.shard.handshakePace.took() { self.shard.armHandshakes() }
    }

    private func decrypt(_ bytes: UnsafeRawBufferPointer, _ engine: TLSEngine) {
        var output = ByteBuffer()
        let received = engine.receive(
            bytes, scratch: self.shard.tlsScratch, output: &output, now: .now
        ) { plaintext in
            self.deliver(plaintext)
        }
        if received.completedHandshake, let handshake = engine.handshake {
            self.endHandshake()
            self.shard.counters.tlsHandshake(handshake)
        }
        // Answers of the handshake and alerts; what the protocol has to say is encrypted at the end of the turn.
        self.writeNow(output)
        switch received.state {
        case .open:
            break
        case .closed:
            self.peerEnded()
        case .failed(let error):
            self.shard.counters.tlsFailed(error, listener: self.listener)
            self.shard.core.logger.debug("listener \(self.listener.name): TLS connection ended: \(error)")
            self.failTLS()
        }
    }
}

extension Shard {
    /// After a pause those go on that wait for their turn.
    func armHandshakes() {
        let bound = NIOLoopBound(self, eventLoop: self.loop)
        self.loop.scheduleTask(in: TimeAmount(HandshakePace<Connection>.pause)) {
            let shard = bound.value
            for connection in shard.handshakePace.nextRound() { connection.resumeHandshake() }
            if shard.handshakePace.needsRound() { shard.armHandshakes() }
        }
    }
}
