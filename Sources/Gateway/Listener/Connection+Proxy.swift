import ClientAddress
import NIOCore

extension Connection {
    /// How long a proxy may take to say whom it forwards.
    static let proxyDeadline: Duration = .seconds(3)

    /// What a listener with `proxyProtocol` waits for before anything else.
    struct ProxyWait {
        var decoder = ProxyHeaderDecoder()
        let version: ProxyHeader.Version
    }

    /// The first bytes of a connection that a proxy opened.
    ///
    /// Returns how many of them belong to its header; `nil` when there is nothing for the client's protocol yet, or the
    /// connection was closed: without an answer, because whoever sent this is no client.
    func takeProxyHeader(_ bytes: UnsafeRawBufferPointer, _ wait: inout ProxyWait?) -> Int? {
        guard var current = wait else { return 0 }
        switch current.decoder.decode(bytes) {
        case .needMore:
            wait = current
            return nil
        case .done(let header, let consumed):
            wait = nil
            guard header.version == current.version else {
                self.refuseProxy()
                return nil
            }
            if case .forwarded(let source, _) = header.origin { self.setPeer(source.address) }
            self.admit()
            return consumed
        case .invalid:
            self.refuseProxy()
            return nil
        }
    }

    func refuseProxy() {
        if self.listener.index < self.shard.counters.listeners.count {
            self.shard.counters.listeners[self.listener.index].refusedProxy &+= 1
        }
        self.close(.protocolError)
    }
}
