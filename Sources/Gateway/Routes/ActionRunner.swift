import Bus
import HandlerContract
import NIOCore
import Routing

/// Carries out actions: those of routes and of handlers' answers for a socket, those of the admin API for nobody.
///
/// What concerns the acting socket itself is done at once, on its loop; everything else goes through the bus, in order.
final class ActionRunner: Sendable {
    let namespaces: NamespaceRegistry
    private let recentIDs = RecentIDs()
    /// Of all routes with `dedupe`, also through reloads.
    let repeats = RepeatedEvents()

    init(namespaces: NamespaceRegistry) {
        self.namespaces = namespaces
    }

    // MARK: - For a socket

    /// Carries out all actions, or none: then the problem is returned.
    ///
    /// On the socket's loop.
    func run(_ actions: [Action], for socket: Socket) -> String? {
        guard !actions.isEmpty else { return nil }
        if let problem = self.problem(with: actions, for: socket) { return problem }
        for action in actions { self.run(action, for: socket) }
        return nil
    }

    /// Limits that only the socket knows.
    private func problem(with actions: [Action], for socket: Socket) -> String? {
        var rooms: Set<ExactName> = []
        var state = socket.state
        for action in actions {
            switch action {
            case .join(let names, .me):
                rooms.formUnion(names.map(ExactName.init))
            case .state(let set, let unset, .me):
                guard (try? state.apply(set: set, unset: unset)) != nil else {
                    return "the socket's state would be too large"
                }
            default:
                break
            }
        }
        guard !rooms.isEmpty, socket.phase == .connected else { return nil }
        let local = socket.namespace
        let new = rooms.count { !local.membership.contains(socket.slot, room: $0.text) }
        let limit = local.shard.limits.maxRoomsPerSocket
        guard local.membership.roomCount(of: socket.slot) + new <= limit else {
            return "a socket may be in at most \(limit) rooms"
        }
        return nil
    }

    private func run(_ action: Action, for socket: Socket) {
        let shard = socket.namespace.shard
        if socket.track?.isAway == true {
            // Its client may be back elsewhere, or come back: the order of the namespace knows what becomes of it.
            return self.publish(action, for: socket)
        }
        switch action {
        case .join(let rooms, .me):
            // What was published before is not for a new member, and what a leaving one should still get is delivered.
            guard shard.drainInbox() else { return self.publish(action, for: socket) }
            guard socket.phase == .connected else { return }
            _ = socket.namespace.join(rooms, socket)
        case .leave(let rooms, .me):
            guard shard.drainInbox() else { return self.publish(action, for: socket) }
            guard socket.phase == .connected else { return }
            socket.namespace.leave(rooms, socket)
        case .disconnect(.me, let close, _):
            guard shard.drainInbox() else { return self.publish(action, for: socket) }
            socket.client.disconnect(socket, closesTransport: close)
        case .kick(.me, let reason):
            guard shard.drainInbox() else { return self.publish(action, for: socket) }
            socket.client.kick(reason: reason)
        case .state(let set, let unset, .me):
            _ = socket.updateState(set: set, unset: unset)
        case .send(let send) where self.sendsAtOnce(to: send.to, on: shard):
            // What was published before comes first; nothing else sees this message, so it needs no place in the order.
            guard shard.drainInbox() else { return self.publish(action, for: socket) }
            guard socket.phase == .connected else { return }
            if !socket.client.send(send.payload, to: socket) {
                self.publish(action, for: socket)
            }
        case .refresh(let expiresAt, let ttl):
            if let end = AuthorizationEnd(expiresAt: expiresAt, ttlSeconds: ttl) { self.extend(socket, until: end) }
        case .renew(let token):
            self.renew(socket, by: token)
        default:
            self.publish(action, for: socket)
        }
    }

    /// An action for a socket takes its place behind everything that its loop has not got to.
    private func publish(_ action: Action, for socket: Socket) {
        self.publish(action, own: socket.namespace.namespace, selfID: socket.id)
    }

    /// Whether the socket's own client can be sent something without the bus.
    private func sendsAtOnce(to recipient: Recipient, on shard: Shard) -> Bool {
        guard case .me = recipient else { return false }
        // While the bus delivers, newer messages must not come before the rest of what it has.
        return !shard.isDrainingInbox
    }

    // MARK: - For anybody

    /// Carries out an action that names its recipients.
    ///
    /// Any thread. Returns the offset of what was published; `nil` when there is no such namespace, or the event's id
    /// has been seen before.
    @discardableResult
    func publish(
        _ action: Action, own: Namespace?, selfID: String?, recipients: ((Int) -> RecipientCount)? = nil
    ) -> UInt64? {
        func item(_ recipient: Recipient, _ kind: (Namespace, Target) -> BusItem.Kind?) -> UInt64? {
            guard let (namespace, target) = self.resolve(recipient, own: own, selfID: selfID),
                let kind = kind(namespace, target)
            else {
                recipients?(1).report(0)
                return nil
            }
            let count = recipients?(namespace.shardCount(for: target))
            return namespace.publish(BusItem(namespace: namespace, kind: kind, recipients: count))
        }
        switch action {
        case .emit(let emit):
            return item(emit.to) { namespace, target in
                self.broadcast(emit, to: target, in: namespace).map { .broadcast($0) }
            }
        case .send(let send):
            return item(send.to) { namespace, target in
                .broadcast(Broadcast(target: target, namespace: namespace.name, content: .message(send.payload)))
            }
        case .join(let rooms, let recipient):
            return item(recipient) { .join($1, rooms: rooms) }
        case .leave(let rooms, let recipient):
            return item(recipient) { .leave($1, rooms: rooms) }
        case .disconnect(let recipient, let close, let reason):
            return item(recipient) { .disconnect($1, close: close, reason: reason) }
        case .kick(let recipient, let reason):
            return item(recipient) { .kick($1, reason: reason) }
        case .state(let set, let unset, let recipient):
            return item(recipient) { .state($1, set: set, unset: unset) }
        case .refresh, .renew:
            return nil
        }
    }

    /// Extends the authorization of all sockets of a user in a namespace.
    func refresh(
        user: String, in namespace: Namespace, until end: AuthorizationEnd, recipients: (Int) -> RecipientCount
    ) {
        let target = Target(users: [user])
        let count = recipients(namespace.shardCount(for: target))
        namespace.publish(BusItem(namespace: namespace, kind: .refresh(target, end), recipients: count))
    }

    /// Asks every socket of a target, and collects the acks.
    func request(
        _ emit: Emit, first: Bool, timeout: Duration, on loop: any EventLoop,
        _ done: @escaping @Sendable (AckCollector.Result) -> Void
    ) {
        guard let (namespace, target) = self.resolve(emit.to, own: nil, selfID: nil) else {
            return done(.init(responses: [], missing: []))
        }
        let collector = AckCollector(shards: namespace.shardCount(for: target), first: first, done)
        let ackID = namespace.nextAckID()
        let broadcast = Broadcast(
            target: target, namespace: namespace.name, content: .event(.init(emit, ackID: ackID)),
            volatile: emit.volatile, compress: emit.compress, collector: collector)
        namespace.publish(BusItem(namespace: namespace, kind: .broadcast(broadcast)))
        loop.scheduleTask(in: TimeAmount(timeout)) { collector.expire() }
    }

    private func broadcast(_ emit: Emit, to target: Target, in namespace: Namespace) -> Broadcast? {
        if let id = emit.id, !self.recentIDs.insert(id, in: namespace.name, now: .now) { return nil }
        return Broadcast(
            target: target, namespace: namespace.name, content: .event(.init(emit)), volatile: emit.volatile,
            compress: emit.compress)
    }

    private func resolve(_ recipient: Recipient, own: Namespace?, selfID: String?) -> (Namespace, Target)? {
        func find(_ name: String?) -> Namespace? {
            if let name { return own?.name.isExactly(name) == true ? own : self.namespaces.existing(name) }
            return own ?? self.namespaces.existing("/")
        }
        switch recipient {
        case .me:
            guard let own, let selfID else { return nil }
            return (own, .socket(selfID))
        case .others(let name):
            guard let namespace = find(name), let selfID else { return nil }
            return (namespace, Target(all: true, except: .init(sockets: [selfID])))
        case .target(let target, let name):
            return find(name).map { ($0, target) }
        }
    }
}

extension Broadcast.Event {
    fileprivate init(_ emit: Emit, ackID: UInt64? = nil) {
        self.init(name: emit.event, arguments: emit.arguments, attachments: emit.attachments, ackID: ackID)
    }
}
