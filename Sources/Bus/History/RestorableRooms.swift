/// Whether a client of which no session is kept can come back by its position alone: only while it is in no other rooms
/// than those that it is put in whenever it comes in.
///
/// Any other room is forgotten with its socket. As long as it is in one, it is told no position; and those that it may
/// have from before are spoilt, see ``SpoiltPositions``.
package struct RestorableRooms: Sendable {
    private let given: Set<ExactName>
    private var others: Set<ExactName> = []
    /// The oldest position that the client may have of this socket, or of what it was in when it came with it.
    private var since: UInt64

    /// - Parameters:
    ///   - given: What it is put in whenever it comes in.
    ///   - since: The position that it says it has, or else the one at which it comes in.
    package init(_ given: some Sequence<String>, since: UInt64) {
        self.given = Set(given.map(ExactName.init))
        self.since = since
    }

    /// A position says all that there is to be known of the client.
    package var areAll: Bool { self.others.isEmpty }

    /// The socket is in the room for what comes after `position`.
    ///
    /// Returns the positions that the client must not come back by any more, if these have become so just now.
    package mutating func join(_ room: String, at position: UInt64) -> ClosedRange<UInt64>? {
        let room = ExactName(room)
        guard !self.given.contains(room) else { return nil }
        let wereAll = self.areAll
        self.others.insert(room)
        return wereAll ? min(self.since, position)...position : nil
    }

    /// The event at `position` was for the socket by its id, which no other has: who has not seen it will not see it.
    ///
    /// Returns the positions that the client must not come back by any more, if these have become so just now.
    package mutating func named(at position: UInt64) -> ClosedRange<UInt64>? {
        guard self.areAll, self.since < position else { return nil }
        defer { self.since = position }
        return self.since...(position - 1)
    }

    /// What comes after `position` is not for the socket any more.
    ///
    /// Returns whether the client can be told positions again, from this one on.
    package mutating func leave(_ room: String, at position: UInt64) -> Bool {
        guard self.others.remove(ExactName(room)) != nil, self.areAll else { return false }
        self.since = position
        return true
    }
}
