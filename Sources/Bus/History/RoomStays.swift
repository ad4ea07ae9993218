internal import DequeModule

/// Since when a socket is in its rooms, and in which it was not long ago.
///
/// An event that a client missed may be older than its last change of rooms: whether it was for the client is decided by
/// the rooms of that time.
package struct RoomStays: Sendable {
    struct Past: Sendable {
        var room: ExactName
        /// The room's events after this number were for the socket, up to `to`.
        var from: UInt64
        var to: UInt64
    }

    /// The most stays that have ended and are remembered: only those matter that ended while something was on its way to
    /// the client, or behind its back.
    static let maxPast = 64

    private(set) var current: [ExactName: UInt64] = [:]
    private(set) var past = Deque<Past>()
    /// Stays that ended up to here may be forgotten.
    package private(set) var forgotten: UInt64 = 0

    package init() {}

    /// Puts together what ``joined``, ``left`` and ``forgotten`` have said.
    package init(
        joined: [(room: String, at: UInt64)], left: [(room: String, from: UInt64, to: UInt64)], forgotten: UInt64
    ) {
        for (room, sequence) in joined { current[ExactName(room)] = sequence }
        past = Deque(left.suffix(Self.maxPast).map { Past(room: ExactName($0.room), from: $0.from, to: $0.to) })
        self.forgotten = forgotten
    }

    /// The stays that have ended and are remembered.
    package var left: [(room: String, from: UInt64, to: UInt64)] { past.map { ($0.room.text, $0.from, $0.to) } }

    package var rooms: [String] { current.keys.map(\.text) }
    package var count: Int { current.count }

    /// The rooms with the positions at which the socket joined them.
    package var joined: [(room: String, at: UInt64)] { current.map { ($0.text, $1) } }

    /// The socket is in the room for what comes after `sequence`.
    package mutating func join(_ room: String, at sequence: UInt64) {
        let room = ExactName(room)
        if current[room] == nil { current[room] = sequence }
    }

    /// What comes after `sequence` is not for the socket any more.
    package mutating func leave(_ room: String, at sequence: UInt64) {
        guard let from = current.removeValue(forKey: ExactName(room)), from < sequence else { return }
        if past.count == Self.maxPast, let oldest = past.popFirst() { forgotten = max(forgotten, oldest.to) }
        past.append(Past(room: ExactName(room), from: from, to: sequence))
    }

    func contains(_ room: ExactName, at sequence: UInt64) -> Bool {
        if let from = current[room], from < sequence { return true }
        return past.contains { $0.from < sequence && sequence <= $0.to && $0.room == room }
    }

    /// The rooms whose events after `sequence` may have been for the socket; some more than once.
    func names(after sequence: UInt64) -> [ExactName] {
        Array(current.keys) + past.filter { $0.to > sequence }.map(\.room)
    }
}
