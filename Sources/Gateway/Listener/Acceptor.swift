import CEpoll
import ClientAddress
import EpollLoop
import Glibc
import NIOCore

/// Accepts the connections of a listening socket, and deals them out to the loops in turn.
///
/// Whatever `accept` says, the socket is listened on: an error may be about one connection only, as `EPROTO` or `EPERM` by
/// a firewall are (accept(2), "Error handling"). During a pause connections wait in the kernel, and readiness says why.
/// Touched on its loop only.
final class Acceptor: Pollable {
    /// Accepted in one cycle of the loop: connections that are open already have their turn between.
    private static let batch = 64
    private static let pause: TimeAmount = .milliseconds(100)
    /// `TCP_USER_TIMEOUT` of Linux, which Swift's Glibc module has as nothing that fits: after so many milliseconds
    /// without an acknowledgement the kernel gives the peer up, and the bytes with it.
    private static let userTimeout: CInt = 18

    private let core: GatewayCore
    private let context: ListenerContextBox
    private let loop: EpollEventLoop
    private var trouble = AcceptTrouble()
    private var turn = 0
    /// It is to accept whenever it can.
    private var isOpen = false

    init(core: GatewayCore, context: ListenerContextBox, loop: EpollEventLoop) {
        self.core = core
        self.context = context
        self.loop = loop
        super.init()
    }

    /// Takes a socket that is bound; nothing is accepted before ``open()``.
    func adopt(_ descriptor: CInt) throws(IOError) {
        try self.loop.watch(self, descriptor, for: [])
    }

    func open() {
        self.isOpen = true
        self.loop.change(self, to: .input)
    }

    func close() {
        self.isOpen = false
        // Not by the loop's `close`: an inherited socket has a duplicate, which is kept for the next reload.
        let descriptor = self.loop.forget(self)
        if descriptor >= 0 { Glibc.close(descriptor) }
    }

    override func loopEnds() { self.close() }

    override func ready(_ readiness: Readiness) {
        guard readiness.isDisjoint(with: .end) else { return self.lost() }
        guard self.isOpen else { return }
        for _ in 0..<Self.batch {
            switch self.accept() {
            case .success(let (descriptor, address)):
                self.trouble.accepted()
                self.deal(descriptor, from: address)
            case .failure(let error):
                guard error.errnoCode != EAGAIN else { return }
                guard error.errnoCode != EINTR else { continue }
                let verdict = self.trouble.failed(error.errnoCode)
                guard verdict == .goOn else { return self.pause(verdict, error) }
            }
        }
    }

    private func accept() -> Result<(CInt, IPAddress?), IOError> {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let flags = CInt(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = accept_connection(self.descriptor, &storage, &length, flags)
        guard descriptor >= 0 else { return .failure(IOError(errnoCode: errno, reason: "accept")) }
        return .success((descriptor, IPAddress(storage)))
    }

    private func deal(_ descriptor: CInt, from address: IPAddress?) {
        let context = self.context.current
        let target = self.core.shards[self.turn % self.core.shards.count]
        self.turn &+= 1
        if target.loop === self.loop {
            Self.serve(descriptor, from: address, on: target.shard, context)
        } else {
            target.execute { Self.serve(descriptor, from: address, on: $0, context) }
        }
    }

    private static func serve(
        _ descriptor: CInt, from address: IPAddress?, on shard: Shard, _ context: ListenerContext
    ) {
        // They fail on a unix socket, which does not need them.
        Self.set(descriptor, TCP_NODELAY, 1)
        Self.set(descriptor, Self.userTimeout, Self.lostAfter(shard.limits))
        Connection.serve(descriptor, from: address, on: shard, context)
    }

    private static func set(_ descriptor: CInt, _ option: CInt, _ value: CInt) {
        var value = value
        setsockopt(descriptor, CInt(IPPROTO_TCP), option, &value, socklen_t(MemoryLayout<CInt>.size))
    }

    /// How long sent bytes may stay unacknowledged, in milliseconds.
    ///
    /// By default the kernel would try for a quarter of an hour. Never before we ourselves call a slow peer slow.
    private static func lostAfter(_ limits: ConnectionLimits) -> CInt {
        let timeout = max(.seconds(30), limits.writeProgress + .seconds(10))
        return CInt(clamping: min(timeout.components.seconds, 86_400) * 1_000)
    }

    // MARK: - Trouble

    /// Somebody who has the socket as well has shut it down: it accepts no more, whatever we do.
    private func lost() {
        self.close()
        self.core.logger.critical(
            "listener \(self.context.current.name) is lost: another process has shut down its socket (restart)")
    }

    private func pause(_ verdict: AcceptTrouble.Verdict, _ error: IOError) {
        self.loop.change(self, to: [])
        self.tell(verdict, error)
        let bound = NIOLoopBound(self, eventLoop: self.loop)
        self.loop.scheduleTask(in: Self.pause) { bound.value.goOn(verdict) }
    }

    private func goOn(_ verdict: AcceptTrouble.Verdict) {
        if verdict == .pauseUnready { self.core.isOutOfDescriptors = false }
        if self.isOpen { self.loop.change(self, to: .input) }
    }

    private func tell(_ verdict: AcceptTrouble.Verdict, _ error: IOError) {
        if verdict == .pauseUnready { self.core.isOutOfDescriptors = true }
        guard let others = self.trouble.lines.report("\(verdict)", now: .now) else { return }
        let reason =
            verdict == .pause
            ? "\(error)"
            : "no descriptors or memory for another connection (raise LimitNOFILE, or lower limits.maxConnections)"
        let more = others > 0 ? " (\(others) more times since the last line)" : ""
        self.core.logger.warning("accepting paused: \(reason)\(more)")
    }
}

extension IPAddress {
    /// `nil` for what is not of the internet families.
    fileprivate init?(_ storage: sockaddr_storage) {
        var storage = storage
        switch CInt(storage.ss_family) {
        case AF_INET:
            let address = withUnsafeBytes(of: &storage) { $0.load(as: sockaddr_in.self).sin_addr.s_addr }
            self.init(ipv4: UInt32(bigEndian: address))
        case AF_INET6:
            var address = withUnsafeBytes(of: &storage) { $0.load(as: sockaddr_in6.self).sin6_addr }
            let (high, low) = withUnsafeBytes(of: &address) {
                ($0.loadUnaligned(as: UInt64.self), $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            }
            self.init(high: UInt64(bigEndian: high), low: UInt64(bigEndian: low))
        default:
            return nil
        }
    }
}
