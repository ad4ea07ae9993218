/// What must be known of a socket so that its client can come back to it.
///
/// Kept while the socket is connected, at its CONNECT and at changes of its rooms: at the moment of a disconnect it is
/// too late to ask, and a connection that looks alive may be dead for a minute already.
package struct SessionRecord: Sendable {
    package let socketID: String
    package let user: String?
    /// Where in the namespace's order it came in: what was published up to here is not for it.
    package let since: UInt64
    /// Everything up to here was applied to the socket: events were sent to it, changes are in `stays`.
    package var position: UInt64
    /// The position that went out last with an event, whether it arrived or not; `since` when none did.
    package var sent: UInt64
    package var stays: RoomStays
    /// Events that asked the client for an answer and have none yet, in order.
    package var unanswered: [UInt64]

    package init(
        socketID: String, user: String?, since: UInt64, position: UInt64? = nil, sent: UInt64? = nil,
        stays: RoomStays = .init(), unanswered: [UInt64] = []
    ) {
        self.socketID = socketID
        self.user = user
        self.since = since
        self.position = position ?? since
        self.sent = sent ?? since
        self.stays = stays
        self.unanswered = unanswered
    }

    /// Whether a target of that position in the order reached the socket, by the rooms that it was in then.
    package func isReached(by target: Target, at sequence: UInt64) -> Bool {
        guard sequence > since else { return false }
        let isNamed =
            target.all || target.sockets.contains(where: isOwn) || target.rooms.contains { isIn($0, at: sequence) }
            || target.users.contains(where: isUser)
        guard isNamed, !target.except.isEmpty else { return isNamed }
        let except = target.except
        return !except.sockets.contains(where: isOwn) && !except.rooms.contains { isIn($0, at: sequence) }
            && !except.users.contains(where: isUser)
    }

    private func isOwn(_ socket: String) -> Bool { ExactName(socket) == ExactName(socketID) }

    private func isUser(_ name: String) -> Bool { user.map { ExactName($0) == ExactName(name) } ?? false }

    private func isIn(_ room: String, at sequence: UInt64) -> Bool {
        isOwn(room) || stays.contains(ExactName(room), at: sequence)
    }
}
