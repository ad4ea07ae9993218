import Bus
import EngineIO
import NIOCore

/// A plain client that comes back: it says what it has seen last, and gets what came after it.
///
/// No session is kept for it. It gets what went to everybody, to its user and to the rooms that it is put in when it is
/// let in. Rooms that it joined later are behind it, and so are the offsets that it was told before: it is told that it
/// may have missed something. So it is of what went to its old socket id, as long as its user is known.
extension PlainClient {
    /// What a client is told of the time before it came.
    enum Past {
        /// It did not ask.
        case unknown
        case missed(Recovery<Broadcast>)
        /// Some of it may be lost.
        case hole
    }

    /// Whether anybody can come back to that namespace by the client's endpoint.
    func canComeBack(to namespace: Namespace) -> Bool {
        self.endpoint.options.recoveryWindow != nil && namespace.isLogged
    }

    /// Takes the client's next place in the order of the namespace, with everything before it that it has not seen.
    func resume(_ socket: Socket, from text: String, in rooms: [String], _ admit: @escaping () -> Void) {
        let namespace = socket.namespace.namespace
        let bound = NIOLoopBound((self, socket, admit), eventLoop: self.shard.loop)
        do throws(RecoveryRefusal) {
            let sequence = try self.sequence(text, in: namespace)
            guard !namespace.isSpoilt(sequence, of: socket.user) else { throw RecoveryRefusal.incomplete }
            let maxRooms = self.shard.limits.maxRoomsPerSocket
            let stays = RoomStays(joined: rooms.prefix(maxRooms).map { ($0, 0) }, left: [], forgotten: 0)
            let record = SessionRecord(socketID: socket.id, user: socket.user, since: sequence, stays: stays)
            try namespace.enter(
                record, from: sequence, maxRooms: maxRooms, shard: self.shard.handle.index
            ) { recovery in
                let (client, socket, admit) = bound.value
                guard socket.phase == .connecting else { return }
                socket.namespace.counters.recovery(.recovered)
                client.past = .missed(recovery)
                admit()
            }
            self.shard.drainInbox()
        } catch {
            socket.namespace.counters.recovery(.init(error))
            self.past = .hole
            admit()
        }
    }

    private func sequence(_ text: String, in namespace: Namespace) throws(RecoveryRefusal) -> UInt64 {
        // What has not been published yet cannot have been seen.
        guard self.endpoint.options.recoveryWindow != nil, let offset = Offset(text), offset.epoch == namespace.epoch,
            offset.sequence <= namespace.head
        else { throw .invalidOffset }
        return offset.sequence
    }

    /// Notes the place from which on everything reaches the client, before it is let in.
    func noteBeginning(of socket: Socket) {
        let namespace = socket.namespace
        if case .missed = self.past { return }
        // In the middle of an item the place is not known.
        guard self.endpoint.options.recoveryWindow != nil, namespace.namespace.isLogged, !self.shard.isDrainingInbox
        else { return }
        self.beginning = Offset(epoch: namespace.namespace.epoch, sequence: namespace.settle())
    }

    /// Whether it may come back by the offsets that it is told.
    var hasOffsets: Bool { self.restorable?.areAll ?? true }

    /// From now on rooms are noted that its coming back would not restore.
    func watchRooms(of socket: Socket) {
        let namespace = socket.namespace
        guard self.canComeBack(to: namespace.namespace) else { return }
        // It may keep the offset that it came with until it is told another one, whatever became of it.
        let claimed = self.claimedOffset.flatMap { try? self.sequence($0, in: namespace.namespace) }
        self.restorable = RestorableRooms(self.givenRooms, since: claimed ?? namespace.place)
        self.givenRooms = []
    }

    /// Puts it into the rooms that it was put in while it was away: for this once, so it is told no offsets in these.
    func rejoin(_ socket: Socket) {
        guard case .missed(let recovery) = self.past else { return }
        socket.namespace.rejoin(recovery.record.stays.rooms, socket)
    }

    /// Hands over what it missed, oldest first and once.
    ///
    /// Questions are left out: they were for those who were there.
    func takeMissed(_ dialect: Dialect) -> [(packet: OutboundPacket, compress: Bool)] {
        guard case .missed(let recovery) = self.past else { return [] }
        self.past = .unknown
        return recovery.events.compactMap { entry in
            guard case .event(let broadcast, asksAck: false) = entry.content else { return nil }
            guard let encoding = broadcast.encoding(dialect) else {
                self.couldNotBeTold(broadcast)
                return nil
            }
            return (encoding.first, broadcast.compress)
        }
    }
}
