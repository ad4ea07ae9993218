import Configuration
import Glibc
import NIOCore
import NIOPosix

/// Binds a listener: accepted connections are dealt out to the loops in turn, one handler each.
enum ListenerBootstrap {
    /// Connections that the kernel may hold until they are accepted; it bounds it by `net.core.somaxconn`.
    private static let backlog: CInt = 4_096

    /// `TCP_USER_TIMEOUT` of Linux, in milliseconds.
    private static let userTimeout = ChannelOptions.Types.SocketOption(level: .tcp, name: .init(rawValue: 18))

    /// How long sent bytes may stay unacknowledged before the kernel gives the peer up, and the bytes with it.
    ///
    /// By default it would try for a quarter of an hour. Never before we ourselves call a slow peer slow.
    private static func lostAfter(_ limits: ConnectionLimits) -> Int {
        let timeout = max(.seconds(30), limits.writeProgress + .seconds(10))
        return Int(clamping: min(timeout.components.seconds, 86_400) * 1_000)
    }

    /// Accepts nothing before ``ListeningSocket/open()``.
    ///
    /// - Parameter inherited: a socket that is bound already, and ours from now on.
    static func bind(
        _ address: Address, group: any EventLoopGroup, core: GatewayCore, context box: ListenerContextBox,
        inherited: CInt? = nil
    ) async throws -> ListeningSocket {
        let socket = ListeningSocket(core: core, context: box) { socket, descriptor in
            Self.bootstrap(group: group, core: core, context: box, socket: socket).withBoundSocket(descriptor)
        }
        let bootstrap = Self.bootstrap(group: group, core: core, context: box, socket: socket)
        do {
            if let inherited {
                socket.begin(with: try await bootstrap.withBoundSocket(inherited).get())
                return socket
            }
            switch address {
            case .host(let host, let port):
                socket.begin(with: try await bootstrap.bind(host: host, port: port).get())
            case .unix(let path):
                // What nobody listens on any more is left over from a process that was killed.
                guard !Self.isServed(path) else { throw IOError(errnoCode: EADDRINUSE, reason: "bind") }
                socket.begin(
                    with: try await bootstrap.bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).get())
            }
            return socket
        } catch {
            throw StartupError(listener: box.current.name, address: address, error)
        }
    }

    private static func bootstrap(
        group: any EventLoopGroup, core: GatewayCore, context box: ListenerContextBox, socket: ListeningSocket
    ) -> ServerBootstrap {
        let shards = Dictionary(uniqueKeysWithValues: core.shards.map { (ObjectIdentifier($0.loop), $0) })
        return ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: Self.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.autoRead, value: false)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptGuard(core: core, socket: socket))
                }
            }
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let handle = shards[ObjectIdentifier(channel.eventLoop)] else { throw ChannelError.eof }
                    let shard = handle.shard
                    let context = box.current
                    shard.counters.count(listeners: context.index + 1)
                    shard.counters.listeners[context.index].accepted &+= 1
                    try channel.syncOptions?.setOption(.recvAllocator, value: shard.receiveAllocator())
                    try? channel.syncOptions?.setOption(.tcpOption(.tcp_nodelay), value: 1)
                    try? channel.syncOptions?.setOption(Self.userTimeout, value: Self.lostAfter(shard.limits))
                    try channel.pipeline.syncOperations.addHandler(Connection(shard: shard, listener: context))
                }
            }
    }

    /// Whether somebody listens on a unix socket.
    private static func isServed(_ path: String) -> Bool {
        guard let address = UnixAddress(path: path) else { return false }
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return address.withSockaddr { connect(descriptor, $0, $1) } == 0
    }
}

/// Why the gateway did not start, as its operator reads it: what, why, and what to do.
package struct StartupError: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }

    init(listener: String, address: Address, _ error: any Error) {
        let reason: String
        switch (error as? IOError)?.errnoCode {
        case EADDRINUSE: reason = "the address is in use (stop the other process, or change the listener's address)"
        case EACCES: reason = "permission denied (ports below 1024 need CAP_NET_BIND_SERVICE)"
        case EADDRNOTAVAIL: reason = "this machine has no such address (change the listener's address)"
        default: reason = "\(error)"
        }
        self.description = "listener \(listener): cannot listen on \(address): \(reason)"
    }
}
