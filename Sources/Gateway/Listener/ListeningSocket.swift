import Configuration
import EpollLoop
import NIOCore

/// A socket that is listened on until ``close()``, as other threads see it.
final class ListeningSocket: Sendable {
    let localAddress: Address?
    private let acceptor: NIOLoopBound<Acceptor>

    private init(_ acceptor: NIOLoopBound<Acceptor>, localAddress: Address?) {
        self.acceptor = acceptor
        self.localAddress = localAddress
    }

    /// Takes a bound socket, which is its own from now on; nothing is accepted before ``open()``.
    ///
    /// Throws `IOError` when it cannot be watched.
    static func adopt(_ descriptor: CInt, core: GatewayCore, context: ListenerContextBox) async throws
        -> ListeningSocket
    {
        // Any loop does: accepting is little, and connections are dealt out to all of them.
        let loop = core.shards[0].loop
        let acceptor = try await loop.submit {
            let acceptor = Acceptor(core: core, context: context, loop: loop)
            try acceptor.adopt(descriptor)
            return NIOLoopBound(acceptor, eventLoop: loop)
        }.get()
        return ListeningSocket(acceptor, localAddress: InheritedSockets.address(of: descriptor))
    }

    /// Connections are accepted from now on.
    func open() async { await self.perform { $0.open() } }

    func close() async { await self.perform { $0.close() } }

    private func perform(_ body: @escaping @Sendable (Acceptor) -> Void) async {
        // Fails only when the loop has ended, and the socket with it.
        try? await self.acceptor.eventLoop.submit { [acceptor] in body(acceptor.value) }.get()
    }
}
