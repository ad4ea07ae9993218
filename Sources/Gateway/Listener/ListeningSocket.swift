import Glibc
import Logging
import NIOCore
import Synchronization

/// A socket that is listened on until ``close()``, whatever `accept` says meanwhile.
///
/// NIO closes a listening channel for most errors of `accept`, also for those that are about one connection only, as
/// `EPROTO` or `EPERM` by a firewall are (accept(2), "Error handling"). The socket is well then: another channel goes on
/// with a duplicate of it, and whoever waits in the kernel stays there.
final class ListeningSocket: Sendable {
    typealias Adopt = @Sendable (ListeningSocket, CInt) -> EventLoopFuture<any Channel>

    private struct State: Sendable {
        var channel: (any Channel)?
        var localAddress: SocketAddress?
        var trouble = AcceptTrouble()
        var isOpen = false
        var isClosed = false
    }

    private let state = Mutex(State())
    private let logger: Logger
    private let context: ListenerContextBox
    private let adopt: Adopt

    /// - Parameter adopt: makes a channel for a descriptor of the socket.
    init(core: GatewayCore, context: ListenerContextBox, adopt: @escaping Adopt) {
        self.logger = core.logger
        self.context = context
        self.adopt = adopt
    }

    var localAddress: SocketAddress? { self.state.withLock { $0.localAddress } }

    /// How accepting went before the channel of now.
    var trouble: AcceptTrouble {
        get { self.state.withLock { $0.trouble } }
        set { self.state.withLock { $0.trouble = newValue } }
    }

    /// It is bound.
    func begin(with channel: any Channel) {
        self.state.withLock { state in
            state.channel = channel
            state.localAddress = channel.localAddress
        }
    }

    /// Connections are accepted from now on.
    func open() async {
        let channel = self.state.withLock { state in
            state.isOpen = true
            return state.channel
        }
        try? await channel?.setOption(.autoRead, value: true).get()
    }

    func close() async {
        let channel = self.state.withLock { state in
            state.isClosed = true
            return state.channel
        }
        try? await channel?.close()
    }

    /// The channel has ended by itself; the descriptor is another one of the same socket.
    func goOn(with descriptor: CInt) {
        guard !self.state.withLock({ $0.isClosed }) else {
            Glibc.close(descriptor)
            return
        }
        self.adopt(self, descriptor).whenComplete { [self] result in
            switch result {
            case .failure(let error):
                self.logger.critical("listener \(self.context.current.name) is lost: \(error) (restart)")
            case .success(let channel):
                let (isOpen, isClosed) = self.state.withLock { state in
                    state.channel = channel
                    return (state.isOpen, state.isClosed)
                }
                if isClosed {
                    channel.close(promise: nil)
                } else if isOpen {
                    channel.setOption(.autoRead, value: true).whenFailure { _ in }
                }
            }
        }
    }
}
