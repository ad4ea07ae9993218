import NIOCore
import OpenSSLTLS

extension Connection {
    /// Bytes of a TLS connection have arrived: what they decrypt to goes to the protocol.
    func receiveEncrypted(_ bytes: UnsafeRawBufferPointer, _ engine: TLSEngine) {
        var output = ByteBuffer()
        let received = engine.receive(
            bytes, scratch: self.shard.tlsScratch, output: &output, now: .now
        ) { plaintext in
            self.deliver(plaintext)
        }
        if received.completedHandshake, let handshake = engine.handshake {
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
