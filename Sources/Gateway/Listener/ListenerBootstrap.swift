import CEpoll
import Configuration
import Glibc
import NIOCore

/// Binds a listener.
enum ListenerBootstrap {
    /// Connections that the kernel may hold until they are accepted; it bounds it by `net.core.somaxconn`.
    private static let backlog: CInt = 4_096

    /// Accepts nothing before ``ListeningSocket/open()``.
    ///
    /// - Parameter inherited: a socket that is bound already, and ours from now on.
    ///
    /// Throws ``StartupError``.
    static func bind(
        _ address: Address, core: GatewayCore, context box: ListenerContextBox, inherited: CInt? = nil
    ) async throws -> ListeningSocket {
        do {
            let descriptor = try inherited ?? Self.bind(address)
            do {
                // An inherited socket may be of a process that waits for its connections.
                guard fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK) == 0,
                    listen(descriptor, Self.backlog) == 0
                else { throw IOError(errnoCode: errno, reason: "listen") }
                return try await ListeningSocket.adopt(descriptor, core: core, context: box)
            } catch {
                close(descriptor)
                throw error
            }
        } catch {
            throw StartupError(listener: box.current.name, address: address, error)
        }
    }

    private static func bind(_ address: Address) throws -> CInt {
        switch address {
        case .host(let host, let port):
            let address = try SocketAddress.makeAddressResolvingHost(host, port: port)
            let family = address.protocol == .inet6 ? AF_INET6 : AF_INET
            return try address.withSockAddr { try Self.bind(family, $0, socklen_t($1)) }
        case .unix(let path):
            guard let address = UnixAddress(path: path) else { throw IOError(errnoCode: ENAMETOOLONG, reason: "bind") }
            try Self.removeLeftover(path, address)
            return try address.withSockaddr { pointer, length in
                Result { try Self.bind(AF_UNIX, pointer, length) }
            }.get()
        }
    }

    private static func bind(_ family: CInt, _ address: UnsafePointer<sockaddr>, _ length: socklen_t) throws -> CInt {
        let descriptor = socket(family, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw IOError(errnoCode: errno, reason: "socket") }
        var yes: CInt = 1
        // Connections of the last process that are still ending must not keep the next one from starting.
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<CInt>.size))
        guard Glibc.bind(descriptor, address, length) == 0 else {
            let code = errno
            close(descriptor)
            throw IOError(errnoCode: code, reason: "bind")
        }
        return descriptor
    }

    /// Removes the socket of a process that was killed, and nothing else: nobody listens on it any more.
    private static func removeLeftover(_ path: String, _ address: UnixAddress) throws(IOError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw IOError(errnoCode: EEXIST, reason: "bind") }
        // Not waited for: whoever has a full queue of connections listens.
        let type = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { throw IOError(errnoCode: errno, reason: "socket") }
        defer { close(descriptor) }
        guard address.withSockaddr({ connect(descriptor, $0, $1) }) != 0 else {
            throw IOError(errnoCode: EADDRINUSE, reason: "bind")
        }
        switch errno {
        case ECONNREFUSED: break
        // Of another kind, and served.
        case EAGAIN, EPROTOTYPE: throw IOError(errnoCode: EADDRINUSE, reason: "bind")
        case let code: throw IOError(errnoCode: code, reason: "connect")
        }
        guard unlink(path) == 0 else { throw IOError(errnoCode: errno, reason: "unlink") }
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
        case EACCES:
            if case .unix = address {
                reason = "permission denied (the user of the process must be able to make files in its directory)"
            } else {
                reason = "permission denied (ports below 1024 need CAP_NET_BIND_SERVICE)"
            }
        case EEXIST: reason = "a file that is not a socket is there (remove it, or change the listener's address)"
        case EADDRNOTAVAIL: reason = "this machine has no such address (change the listener's address)"
        case ENAMETOOLONG: reason = "the path is longer than the 107 bytes of a unix socket (choose a shorter one)"
        case ENOENT: reason = "the directory does not exist (make it, or change the listener's address)"
        case ENOTDIR: reason = "a part of the path is not a directory (change the listener's address)"
        case EROFS: reason = "the file system is read-only (change the listener's address)"
        default: reason = "\(error)"
        }
        self.description = "listener \(listener): cannot listen on \(address): \(reason)"
    }
}
