import Configuration
import HandlerContract
import NIOCore
import Routing

/// What becomes of a handler's answer, and what clients are told.
extension Router {
    /// What is remembered of an event while its handler works on it.
    struct Pending {
        var socket: Socket
        var route: Route
        var ackID: UInt64?
        var auth: GatewayConfiguration.Auth?
        var cost: Int
        /// What its sender is told when it is stored or handed over.
        var ack = DedupeAnswer(arguments: ByteBuffer())
        /// By which repeats of it are known.
        var dedupe: RepeatedEvents.Key?
    }

    /// Whether an event is to be handled; a repeat is answered as its first arrival was, or will be.
    func isFirst(_ key: RepeatedEvents.Key, _ socket: Socket, _ ackID: UInt64?) -> Bool {
        let loop = socket.namespace.shard.loop
        let waiter = ackID.map { RepeatedEvent(socket: NIOLoopBound(socket, eventLoop: loop), ackID: $0) }
        switch self.actions.repeats.arrived(key, waiter, now: .now) {
        case .first: return true
        case .waits: return false
        case .answered(let answer):
            guard let ackID else { return false }
            socket.client.acknowledge(ackID, answer.arguments, attachments: answer.attachments, socket: socket)
            return false
        }
    }

    /// The client's callback is called, and so are those of repeats.
    func acknowledge(_ answer: DedupeAnswer, _ pending: Pending) {
        self.reply(answer, to: pending, isFinal: true)
    }

    /// Nothing was done: a repeat is welcome.
    func fail(_ error: ClientError, _ pending: Pending) {
        self.reply(DedupeAnswer(arguments: ByteBuffer(bytes: error.arguments)), to: pending, isFinal: false)
    }

    private func reply(_ answer: DedupeAnswer, to pending: Pending, isFinal: Bool) {
        let socket = pending.socket
        if let ackID = pending.ackID {
            socket.client.acknowledge(ackID, answer.arguments, attachments: answer.attachments, socket: socket)
        }
        guard let key = pending.dedupe else { return }
        let repeats = self.actions.repeats.finish(key, isFinal ? answer : nil, now: .now)
        for one in repeats {
            // They came by the same socket, so this is its loop; unless a recovered one has moved.
            one.socket.eventLoop.execute {
                let socket = one.socket.value
                socket.client.acknowledge(
                    one.ackID, answer.arguments, attachments: answer.attachments, socket: socket)
            }
        }
    }

    func finish(_ pending: Pending, _ result: HandlerResult) {
        let socket = pending.socket
        defer { socket.client.handlerEnded(cost: pending.cost) }
        switch result {
        case .answer(let answer):
            self.apply(answer, pending)
        case .connect(.accept(let acceptance)):
            self.accept(socket, acceptance, auth: pending.auth)
        case .connect(.refuse(let refusal)):
            socket.client.connectDecided(socket, .refuse(message: refusal.message, data: refusal.data))
        case .connect(.retry):
            socket.client.connectDecided(socket, .tryLater)
        case .connectRefused:
            socket.client.connectDecided(socket, .refuse(message: "not authorized", data: nil))
        case .failed(let error):
            if socket.phase == .connecting { return socket.client.connectDecided(socket, .tryLater) }
            self.fail(error, pending)
        case .done:
            self.acknowledge(pending.ack, pending)
        case .deadLetter, .suspended, .kept:
            // Of stored events only, which do not come here.
            break
        }
    }

    private func apply(_ answer: HandlerAnswer, _ pending: Pending) {
        let socket = pending.socket
        // The state comes first, and counts as an action: all or nothing.
        let change: [Action] =
            answer.state.isEmpty ? [] : [.state(set: answer.state.set, unset: answer.state.unset, .me)]
        if let problem = self.actions.run(change + answer.actions, for: socket) {
            let route = pending.route.name
            self.warnings.warning("answer \(route)", "route \(route): answer not applied: \(problem)")
            return self.fail(ClientError(.handlerError), pending)
        }
        let reply = DedupeAnswer(
            arguments: ByteBuffer(bytes: answer.reply.arguments), attachments: answer.reply.attachments)
        let shard = socket.namespace.shard
        if pending.ackID == nil || answer.actions.isEmpty || shard.drainInbox() {
            self.acknowledge(reply, pending)
        } else {
            shard.afterArrivals { self.acknowledge(reply, pending) }
        }
        if !answer.actions.isEmpty { self.holdUp(socket.client, in: socket.namespace) }
    }
}
