/// A room as a list of rooms shows it: as far as one shard knows it, or whole.
struct RoomSummary: Hashable, Sendable {
    var name: String
    var sockets: Int

    /// Adds up the parts of rooms that have members on several shards; the result is in the order of names.
    static func merge(_ rooms: [RoomSummary]) -> [RoomSummary] {
        var merged: [RoomSummary] = []
        for room in rooms.sorted(by: { $0.name.precedesByBytes($1.name) }) {
            if let last = merged.last, last.name.utf8.elementsEqual(room.name.utf8) {
                merged[merged.count - 1].sockets += room.sockets
            } else {
                merged.append(room)
            }
        }
        return merged
    }
}

extension String {
    /// The order of names by their bytes: the same everywhere, and only equal names are equal in it.
    func precedesByBytes(_ other: String) -> Bool { self.utf8.lexicographicallyPrecedes(other.utf8) }
}
