import Bus
import NIOCore

/// The part of a namespace that lives on one shard: its sockets there, and the rooms that they are in.
final class LocalNamespace {
    let namespace: Namespace
    unowned let shard: Shard
    let counters: NamespaceCounters
    private(set) var membership = Membership()
    private(set) var sockets = SocketTable()
    /// Everything up to this offset has been applied here.
    private var position: UInt64 = 0
    /// The offset of the item at hand.
    private var applying: UInt64?
    /// The receivers of the item at hand; kept to spare an allocation per item.
    private var reached: ContiguousArray<Member> = []
    /// Ways to members' connections that ask nobody.
    private var lanes = BroadcastLanes()

    init(_ namespace: Namespace, shard: Shard) {
        self.namespace = namespace
        self.shard = shard
        self.counters = shard.namespaceCounters(of: namespace.label)
    }

    // MARK: - Membership

    func add(_ socket: Socket) {
        socket.slot = self.sockets.insert(socket)
        self.lanes.forget(socket.slot)
        self.membership.add(socket.slot, socketID: socket.id, user: socket.user)
        self.namespace.socketAdded()
    }

    func remove(_ socket: Socket) {
        self.membership.remove(socket.slot)
        socket.track?.sent = self.lastSent(to: socket)
        self.lanes.forget(socket.slot)
        self.sockets.remove(socket.slot)
        self.namespace.socketRemoved()
    }

    /// The position that went out last with an event to a socket whose client can come back, by whichever way.
    func lastSent(to socket: Socket) -> UInt64 {
        max(socket.track?.sent ?? 0, self.lanes.sent(to: socket.slot))
    }

    func socket(id: String) -> Socket? {
        self.membership.member(socketID: id).flatMap { self.sockets[$0] }
    }

    /// Where changes of rooms take their place in the order: what comes after it finds them made.
    var place: UInt64 { self.applying ?? self.position }

    /// Returns the rooms that could not be joined because the socket is in too many.
    func join(_ rooms: [String], _ socket: Socket) -> [String] {
        var refused: [String] = []
        self.membership.prepare(socket.slot, toJoin: min(rooms.count, self.shard.limits.maxRoomsPerSocket))
        for room in rooms {
            let isFull = self.membership.roomCount(of: socket.slot) >= self.shard.limits.maxRoomsPerSocket
            if isFull, !self.membership.contains(socket.slot, room: room) {
                refused.append(room)
            } else if self.membership.join(socket.slot, room: room) {
                socket.track?.stays.join(room, at: self.place)
                socket.client.joined(room, at: self.place)
            }
        }
        return refused
    }

    func leave(_ rooms: [String], _ socket: Socket) {
        for room in rooms where self.membership.leave(socket.slot, room: room) {
            socket.track?.stays.leave(room, at: self.place)
            socket.client.left(room, at: self.place)
        }
    }

    func setUser(_ user: String?, _ socket: Socket) {
        socket.user = user
        self.membership.setUser(socket.slot, user)
    }

    /// Puts a socket that goes on into the rooms that its session is in.
    func rejoin(_ rooms: [String], _ socket: Socket) {
        self.membership.prepare(socket.slot, toJoin: rooms.count)
        for room in rooms where self.membership.join(socket.slot, room: room) {
            socket.client.joined(room, at: self.place)
        }
    }

    // MARK: - What the bus brings

    /// The offset up to which everything has been applied to the sockets here, after applying what has come.
    func settle() -> UInt64 {
        // An item that is being applied has not reached everybody yet.
        guard !self.shard.isDrainingInbox else { return self.position }
        let head = self.namespace.head
        // What is left reaches the sockets here, also those that come now.
        guard self.shard.drainInbox() else { return self.position }
        self.position = max(self.position, head)
        return self.position
    }

    /// Returns how many sockets it reached.
    func apply(_ item: BusItem) -> Int {
        self.applying = item.offset
        // The receivers are listed first: handling one may end it, and so change the membership that is being walked.
        var reached: ContiguousArray<Member> = []
        swap(&reached, &self.reached)
        self.membership.forEachMember(of: item.target) { reached.append($0) }
        switch item.kind {
        case .broadcast(let broadcast):
            self.tellNamed(by: broadcast)
            self.shard.delivering(broadcast, to: reached.count) { self.deliver(broadcast, to: reached) }
        case .join(_, let rooms):
            self.each(reached) { _ = self.join(rooms, $0) }
        case .leave(_, let rooms):
            self.each(reached) { self.leave(rooms, $0) }
        case .disconnect, .kick:
            self.each(reached) { self.end($0, by: item) }
        case .state(_, let set, let unset):
            self.each(reached) { _ = $0.updateState(set: set, unset: unset) }
        case .entry(let entry):
            entry.admit()
        case .refresh(_, let end):
            self.each(reached) { AuthorizationTimer.start(for: $0, until: end) }
        }
        let count = reached.count
        self.applied(item, to: count)
        reached.removeAll(keepingCapacity: reached.count < 65_536)
        if self.reached.isEmpty { swap(&reached, &self.reached) }
        return count
    }

    /// Everybody whom an item concerns here has been reached.
    func applied(_ item: BusItem, to count: Int) {
        self.applying = nil
        self.position = max(self.position, item.offset)
        item.reached(count)
    }

    /// What is to be done when the item ends many sockets here; `nil` for everything else.
    func parting(by item: BusItem) -> Parting? {
        switch item.kind {
        case .disconnect, .kick: break
        case .broadcast, .join, .leave, .state, .entry, .refresh: return nil
        }
        var sockets: ContiguousArray<Socket> = []
        self.membership.forEachMember(of: item.target) { member in
            if let socket = self.sockets[member] { sockets.append(socket) }
        }
        guard sockets.count > Parting.atOnce else { return nil }
        return Parting(sockets, of: self, by: item)
    }

    /// Whether it has not gone.
    func isMember(_ socket: Socket) -> Bool { self.sockets[socket.slot] === socket }

    /// Does to a socket what the item says about how it ends.
    func end(_ socket: Socket, by item: BusItem) {
        switch item.kind {
        case .disconnect(_, let close, _): socket.client.disconnect(socket, closesTransport: close)
        case .kick(_, let reason): socket.client.kick(reason: reason)
        case .broadcast, .join, .leave, .state, .entry, .refresh: break
        }
    }

    /// Tells clients of whom no session is kept that an event is for their sockets, which have no other after them.
    private func tellNamed(by broadcast: Broadcast) {
        let sockets = broadcast.target.sockets
        guard !sockets.isEmpty, broadcast.ackID == nil, let position = broadcast.loggedSequence else { return }
        for id in sockets { self.socket(id: id)?.client.named(at: position) }
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
        // An answer is awaited from each; what is volatile may have to be dropped.
        let usesLanes =
            broadcast.collector == nil && !(broadcast.volatile && self.shard.core.memory.level >= .dropping)
        var index = 0
        while true {
            if usesLanes { index = self.deliverByLane(broadcast, &form, to: members, from: index) }
            guard index < members.count else { break }
            let member = members[index]
            index += 1
            guard let socket = self.sockets[member] else { continue }
            if let collector = broadcast.collector, let ackID = broadcast.ackID {
                guard socket.client.acknowledges,
                    socket.awaitAck(ackID, collector, sequence: broadcast.offset ?? 0)
                else { continue }
            }
            socket.client.deliver(broadcast, &form, to: socket)
            // It may have ended the socket, whose number then is free.
            guard usesLanes, self.sockets[member] === socket else { continue }
            if let offer = socket.client.offerLane(for: socket) { self.lanes.open(offer, for: member) }
        }
    }

    /// Delivers to members from `start` on, as long as they have lanes.
    ///
    /// Returns the first that has none, or one that is closed at the moment.
    private func deliverByLane(
        _ broadcast: Broadcast, _ form: inout SharedForm, to members: ContiguousArray<Member>, from start: Int
    ) -> Int {
        var index = start
        while index < members.count {
            guard let kind = self.lanes[members[index]]?.kind, let dialect = broadcast.dialect(for: kind.dialect),
                let only = form.only(dialect)
            else { break }
            let end = self.shard.outputs.append(
                self.shard.arena.piece(only.id), to: members, from: index, lanes: self.lanes, kind: kind,
                in: &self.shard.arena)
            guard end > index else { break }
            self.lanes.endpoints[Int(kind.endpoint)].messagesSent(end - index, isBinary: only.isBinary)
            if kind.dialect == .socketIORecoverable, let position = broadcast.loggedSequence {
                self.lanes.noteSent(position, to: members, from: index, to: end)
            }
            index = end
        }
        if index > start { self.shard.turnNeeded() }
        return index
    }
}
