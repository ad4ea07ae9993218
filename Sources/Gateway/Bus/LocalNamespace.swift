import Bus
import NIOCore

/// The part of a namespace that lives on one shard: its sockets there, and the rooms that they are in.
final class LocalNamespace {
    let namespace: Namespace
    unowned let shard: Shard
    let counters: NamespaceCounters
    private(set) var membership = Membership()
    private(set) var sockets = SocketTable()
    /// The receivers of the item at hand; kept to spare an allocation per item.
    private var reached: ContiguousArray<Member> = []

    init(_ namespace: Namespace, shard: Shard) {
        self.namespace = namespace
        self.shard = shard
        self.counters = shard.namespaceCounters[namespace.label]
    }

    // MARK: - Membership

    func add(_ socket: Socket) {
        socket.slot = self.sockets.insert(socket)
        self.membership.add(socket.slot, socketID: socket.id, user: socket.user)
        self.namespace.socketAdded()
    }

    func remove(_ socket: Socket) {
        self.membership.remove(socket.slot)
        self.sockets.remove(socket.slot)
        self.namespace.socketRemoved()
    }

    func socket(id: String) -> Socket? {
        self.membership.member(socketID: id).flatMap { self.sockets[$0] }
    }

    /// Returns the rooms that could not be joined because the socket is in too many.
    func join(_ rooms: [String], _ socket: Socket) -> [String] {
        var refused: [String] = []
        for room in rooms {
            let isFull = self.membership.roomCount(of: socket.slot) >= self.shard.limits.maxRoomsPerSocket
            if isFull, !self.membership.contains(socket.slot, room: room) {
                refused.append(room)
            } else {
                _ = self.membership.join(socket.slot, room: room)
            }
        }
        return refused
    }

    func leave(_ rooms: [String], _ socket: Socket) {
        for room in rooms { _ = self.membership.leave(socket.slot, room: room) }
    }

    func setUser(_ user: String?, _ socket: Socket) {
        socket.user = user
        self.membership.setUser(socket.slot, user)
    }

    // MARK: - What the bus brings

    func apply(_ item: BusItem) {
        // The receivers are listed first: handling one may end it, and so change the membership that is being walked.
        var reached: ContiguousArray<Member> = []
        swap(&reached, &self.reached)
        self.membership.forEachMember(of: item.target) { reached.append($0) }
        switch item.kind {
        case .broadcast(let broadcast):
            self.deliver(broadcast, to: reached)
        case .join(_, let rooms):
            self.each(reached) { _ = self.join(rooms, $0) }
        case .leave(_, let rooms):
            self.each(reached) { self.leave(rooms, $0) }
        case .disconnect(_, let close, _):
            self.each(reached) { $0.client.disconnect($0, closesTransport: close) }
        case .kick(_, let reason):
            self.each(reached) { $0.client.kick(reason: reason) }
        case .state(_, let set, let unset):
            self.each(reached) { _ = $0.updateState(set: set, unset: unset) }
        }
        item.reached(reached.count)
        reached.removeAll(keepingCapacity: reached.count < 65_536)
        if self.reached.isEmpty { swap(&reached, &self.reached) }
    }

    private func each(_ members: ContiguousArray<Member>, _ body: (Socket) -> Void) {
        for member in members {
            if let socket = self.sockets[member] { body(socket) }
        }
    }

    private func deliver(_ broadcast: Broadcast, to members: ContiguousArray<Member>) {
        guard !members.isEmpty else { return }
        self.counters.fanoutDeliveries &+= UInt64(members.count)
        var form = SharedForm(broadcast, on: self.shard)
        self.each(members) { socket in
            if let collector = broadcast.collector, let ackID = broadcast.ackID {
                guard socket.client.acknowledges, socket.awaitAck(ackID, collector) else { return }
            }
            socket.client.deliver(broadcast, &form, to: socket)
        }
    }
}
