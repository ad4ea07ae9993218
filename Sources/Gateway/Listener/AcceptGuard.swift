import Glibc
import NIOCore

/// Looks after the channel of a listening socket when `accept` fails.
///
/// Connections wait in the kernel during a pause, and readiness says why.
final class AcceptGuard: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private static let pause: TimeAmount = .milliseconds(100)

    private let core: GatewayCore
    private let socket: ListeningSocket
    private var trouble = AcceptTrouble()
    private var isPaused = false
    /// Its number is there for a duplicate of the socket, also when the process may have no more descriptors.
    private var reserve: CInt = -1

    init(core: GatewayCore, socket: ListeningSocket) {
        self.core = core
        self.socket = socket
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.trouble = self.socket.trouble
        self.reserve = Glibc.open("/dev/null", O_RDONLY | O_CLOEXEC)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        if self.reserve >= 0 { Glibc.close(self.reserve) }
        self.reserve = -1
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.trouble.accepted()
        context.fireChannelRead(data)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let code = (error as? IOError)?.errnoCode
        let verdict = self.trouble.failed(code)
        let survives = AcceptTrouble.leavesChannelOpen(code)
        guard !self.isPaused, verdict != .goOn || !survives else { return }
        self.isPaused = verdict != .goOn || !survives
        self.tell(verdict, error)
        let delay = verdict == .goOn ? .zero : Self.pause
        if survives {
            try? context.channel.syncOptions?.setOption(.autoRead, value: false)
            let bound = NIOLoopBound((self, context.channel), eventLoop: context.eventLoop)
            context.eventLoop.scheduleTask(in: delay) {
                let (guardian, channel) = bound.value
                guardian.goOn(verdict)
                try? channel.syncOptions?.setOption(.autoRead, value: true)
            }
        } else {
            self.leave(context, after: delay)
        }
    }

    private func tell(_ verdict: AcceptTrouble.Verdict, _ error: any Error) {
        guard verdict != .goOn else { return }
        if verdict == .pauseUnready { self.core.isOutOfDescriptors = true }
        guard let others = self.trouble.lines.report("\(verdict)", now: .now) else { return }
        let reason =
            verdict == .pause
            ? "\(error)"
            : "no descriptors or memory for another connection (raise LimitNOFILE, or lower limits.maxConnections)"
        let more = others > 0 ? " (\(others) more times since the last line)" : ""
        self.core.logger.warning("accepting paused: \(reason)\(more)")
    }

    private func goOn(_ verdict: AcceptTrouble.Verdict) {
        self.isPaused = false
        if verdict == .pauseUnready { self.core.isOutOfDescriptors = false }
    }

    /// The channel ends with this error, and its socket goes on in another one.
    private func leave(_ context: ChannelHandlerContext, after delay: TimeAmount) {
        let transport = try? context.pipeline.syncOperations
            .withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { $0 }
        guard let transport, self.reserve >= 0, dup2(transport, self.reserve) >= 0 else {
            return self.core.logger.critical("a listener is lost: its socket could not be kept (restart)")
        }
        let copy = self.reserve
        _ = fcntl(copy, F_SETFD, FD_CLOEXEC)
        self.reserve = -1
        self.socket.trouble = self.trouble
        // Not at once: the channel is still being closed.
        context.eventLoop.scheduleTask(in: delay) { [socket] in socket.goOn(with: copy) }
    }
}
