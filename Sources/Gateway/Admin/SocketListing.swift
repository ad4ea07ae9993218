import Bus
import HandlerContract
import JSONScanner

/// One page of the list of sockets, as far as a shard can fill it.
struct SocketListing: Sendable {
    /// By name.
    var namespaces: [Namespace]
    var room: String?
    var user: String?

    struct Entry: Sendable {
        var details: SocketDetails
        var slot: UInt32
    }

    /// The sockets of a shard, at most `count` of them, in order, from behind a place of this shard.
    ///
    /// On its loop.
    func entries(on shard: Shard, after cursor: SocketCursor?, count: Int) -> [Entry] {
        var entries: [Entry] = []
        for namespace in self.namespaces {
            var firstSlot: UInt32 = 0
            if let cursor {
                if namespace.name.precedesByBytes(cursor.namespace) { continue }
                if namespace.name.isExactly(cursor.namespace) {
                    guard cursor.slot < .max else { continue }
                    firstSlot = cursor.slot + 1
                }
            }
            guard entries.count < count else { break }
            guard let local = shard.localNamespace(namespace) else { continue }
            for slot in self.slots(of: local, from: firstSlot, count: count - entries.count) {
                guard let socket = local.sockets[slot] else { continue }
                entries.append(Entry(details: SocketDetails(of: socket, rooms: []), slot: slot))
            }
        }
        return entries
    }

    private func slots(of local: LocalNamespace, from first: UInt32, count: Int) -> [UInt32] {
        let membership = local.membership
        var found: [Member]
        switch (self.room, self.user) {
        case (nil, nil):
            var slots: [UInt32] = []
            var slot = first
            while slot < local.sockets.slotCount, slots.count < count {
                if local.sockets[slot] != nil { slots.append(slot) }
                slot += 1
            }
            return slots
        case (let room?, nil): found = membership.members(inRoom: room)
        case (nil, let user?): found = membership.members(ofUser: user)
        case (let room?, let user?):
            found = membership.members(ofUser: user).filter { membership.contains($0, room: room) }
        }
        found.removeAll { $0 < first }
        return found.first(count, inOrder: <)
    }
}

extension SocketDetails {
    /// What can be told of a socket.
    ///
    /// On its loop.
    init(of socket: Socket, rooms: [String]) {
        let client = socket.client
        self.init(
            id: socket.id, session: client.publicID, namespace: socket.namespace.namespace.name,
            clientProtocol: client.protocolName, transport: client.transportName, user: socket.user, rooms: rooms,
            state: socket.state.entries, connectedAt: Timestamp(milliseconds: socket.connectedAtMilliseconds),
            remoteAddress: client.handshake.remoteIP, isTLS: client.handshake.isTLS,
            certificate: client.handshake.certificate?.json)
    }

    /// Writes the socket as the admin API shows it, in a list or (`isWhole`) alone.
    func write(into writer: inout JSONWriter, isWhole: Bool) {
        writer.beginObject()
        writer.member("id", self.id)
        writer.member("session", self.session)
        writer.member("namespace", self.namespace)
        writer.member("protocol", self.clientProtocol)
        if let transport { writer.member("transport", transport) }
        if let user { writer.member("user", user) }
        if isWhole {
            writer.key("rooms")
            writer.beginArray()
            for room in self.rooms { writer.value(room) }
            writer.endArray()
            writer.key("state")
            writer.beginObject()
            for (key, json) in self.state { writer.member(key, raw: json) }
            writer.endObject()
        }
        writer.member("connectedAt", self.connectedAt.iso8601())
        writer.key("remote")
        writer.beginObject()
        writer.member("ip", self.remoteAddress)
        writer.member("tls", self.isTLS)
        if let certificate { writer.member("certificate", raw: certificate) }
        writer.endObject()
        writer.endObject()
    }
}
