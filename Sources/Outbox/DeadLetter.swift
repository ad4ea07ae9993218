/// How an event was given up.
package struct Death: Hashable, Sendable {
    /// The most that is kept of the last response.
    package static let maxResponseBytes = 4_096

    /// The reason of those whose bytes are not the ones that were stored.
    package static let damaged = "damaged"

    /// A word: `attempts`, `age`, `rejected`, `invalidAnswer`, `damaged`.
    package var reason: String
    package var attempts: Int
    /// Of the last response; 0: there was none.
    package var status: Int
    /// What an operator reads.
    package var problem: String
    /// The beginning of the last response's body.
    package var response: [UInt8]
    /// Milliseconds since 1970.
    package var time: Int64

    package init(reason: String, attempts: Int, status: Int, problem: String, response: [UInt8], time: Int64) {
        self.reason = reason
        self.attempts = attempts
        self.status = status
        self.problem = problem
        self.response = Array(response.prefix(Self.maxResponseBytes))
        self.time = time
    }
}

/// An event that was given up, and waits for an operator.
package struct DeadLetter: Hashable, Sendable {
    package var stored: StoredEvent
    package var death: Death
    /// Its first position: dead letters are listed and sent again in this order, however often they died.
    package var origin: Int64
    /// Its bytes are not the ones that were stored: it can be looked at and dropped, not sent.
    package var isDamaged: Bool
}

/// Which dead letters are meant.
package enum DeadLetterSelection: Hashable, Sendable {
    case id(String)
    case handler(String)
    case all
}
