internal import DequeModule

/// Which entries of a history are for a room, a user or everyone: their sequence numbers, in order.
///
/// Makes a recovery cost what was missed, however much went to others. The id of a socket is a room here too.
struct RoomIndex {
    typealias Sequences = Deque<UInt64>

    private(set) var rooms: [ExactName: Sequences] = [:]
    private(set) var users: [ExactName: Sequences] = [:]
    private(set) var everyone = Sequences()

    /// Notes the newest entry.
    mutating func append(_ sequence: UInt64, for target: Target) {
        if target.all { return everyone.append(sequence) }
        for name in target.rooms { Self.append(sequence, to: &rooms[ExactName(name), default: []]) }
        for name in target.sockets { Self.append(sequence, to: &rooms[ExactName(name), default: []]) }
        for name in target.users { Self.append(sequence, to: &users[ExactName(name), default: []]) }
    }

    /// Forgets the oldest entry.
    mutating func removeFirst(_ sequence: UInt64, for target: Target) {
        if target.all {
            if everyone.first == sequence { everyone.removeFirst() }
            return
        }
        for name in target.rooms { Self.removeFirst(sequence, from: &rooms, ExactName(name)) }
        for name in target.sockets { Self.removeFirst(sequence, from: &rooms, ExactName(name)) }
        for name in target.users { Self.removeFirst(sequence, from: &users, ExactName(name)) }
    }

    /// A target may name a room twice, or a socket as room and as socket: it is noted once.
    private static func append(_ sequence: UInt64, to sequences: inout Sequences) {
        if sequences.last != sequence { sequences.append(sequence) }
    }

    private static func removeFirst(_ sequence: UInt64, from groups: inout [ExactName: Sequences], _ name: ExactName) {
        guard groups[name]?.first == sequence else { return }
        if groups[name]?.count == 1 {
            groups[name] = nil
        } else {
            groups[name]?.removeFirst()
        }
    }

    /// Adds the entries after `sequence`, newest first: what came before is not even looked at.
    static func collect(_ sequences: Sequences?, after sequence: UInt64, into found: inout [UInt64]) {
        guard let sequences else { return }
        var index = sequences.endIndex
        while index > sequences.startIndex, sequences[index - 1] > sequence {
            index -= 1
            found.append(sequences[index])
        }
    }
}
