import Glibc
import NIOCore

/// Stops accepting for a moment when the process has no descriptors left, instead of trying again and again.
///
/// The connections wait in the kernel meanwhile, and readiness says why.
final class AcceptPause: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private static let pause: TimeAmount = .milliseconds(100)

    private let core: GatewayCore
    private var isPaused = false

    init(core: GatewayCore) {
        self.core = core
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let code = (error as? IOError)?.errnoCode
        guard code == EMFILE || code == ENFILE || code == ENOBUFS || code == ENOMEM else {
            return context.fireErrorCaught(error)
        }
        guard !self.isPaused else { return }
        self.isPaused = true
        self.core.isOutOfDescriptors = true
        self.core.logger.warning(
            "accepting paused: no descriptors or memory for another connection (raise LimitNOFILE, or lower limits.maxConnections)"
        )
        try? context.channel.syncOptions?.setOption(.autoRead, value: false)
        let bound = NIOLoopBound((self, context.channel), eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: Self.pause) {
            let (handler, channel) = bound.value
            handler.isPaused = false
            handler.core.isOutOfDescriptors = false
            try? channel.syncOptions?.setOption(.autoRead, value: true)
        }
    }
}
