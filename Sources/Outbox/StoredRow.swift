/// A row of the table of events.
struct StoredRow {
    static let columns = columns(head: "head", tail: "tail", response: "response")
    /// Without what may be large; whether the bytes are right is not known then.
    static let outline = columns(head: "x''", tail: "x''", response: "x''")

    private static func columns(head: String, tail: String, response: String) -> String {
        """
        position, origin, id, handler, route, lane, seq, type, socket, namespace, accepted, attempts, not_before, \
        checksum, \(head), \(tail), reason, status, problem, \(response), died, state, since
        """
    }

    var stored: StoredEvent
    var origin: Int64
    /// Its bytes are the ones that were stored.
    var isIntact: Bool
    /// Of a dead letter.
    var death: Death?

    /// Reads the row that the statement is at.
    init(_ row: Statement, horizon: Int64) {
        let event = NewEvent(
            id: row.text(2), handler: row.text(3), route: row.text(4), lane: row.text(5), type: row.text(7),
            socket: row.text(8), namespace: row.text(9), accepted: row.integer(10), head: row.bytes(14),
            tail: row.bytes(15))
        let position = row.integer(0)
        origin = row.integer(1)
        let sequence = UInt64(bitPattern: row.integer(6))
        stored = StoredEvent(
            event: event, position: position, sequence: sequence, since: Self.time(row.integer(22)),
            attempts: Self.attempts(row.integer(11)), notBefore: Self.time(row.integer(12)),
            isRedelivered: position <= horizon || origin != position)
        isIntact = Checksum.of(event, sequence: sequence, origin: origin) == row.integer(13)
        guard row.integer(21) != 0 else { return }
        death = Death(
            reason: row.text(16), attempts: Self.attempts(row.integer(11)), status: Int(clamping: row.integer(17)),
            problem: row.text(18),
            response: row.bytes(19), time: row.integer(20))
    }

    /// What the checksum does not cover stays within what can be counted with.
    private static func time(_ milliseconds: Int64) -> Int64 { min(max(milliseconds, 0), 1 << 50) }
    private static func attempts(_ number: Int64) -> Int { Int(min(max(number, 0), 1_000_000)) }

    var deadLetter: DeadLetter? {
        death.map { DeadLetter(stored: stored, death: $0, origin: origin, isDamaged: !isIntact) }
    }

    /// Of a row that was read by its ``outline``.
    var deadLetterOutline: DeadLetter? {
        death.map { DeadLetter(stored: stored, death: $0, origin: origin, isDamaged: $0.reason == Death.damaged) }
    }
}
