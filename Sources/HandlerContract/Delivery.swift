/// One attempt to hand an event to a handler.
package struct Delivery: Hashable, Sendable {
    package var mode: DeliveryMode
    /// The number of this attempt: 1, 2, ….
    package var attempt: Int
    package var lane: String
    /// The position of the event in its lane.
    package var sequence: UInt64
    /// An earlier process may have delivered it already.
    package var isRedelivered: Bool
    /// How long an answer is of use; nil when nobody waits for it.
    package var deadline: Duration?

    package init(
        mode: DeliveryMode, attempt: Int = 1, lane: String, sequence: UInt64, isRedelivered: Bool = false,
        deadline: Duration? = nil
    ) {
        self.mode = mode
        self.attempt = attempt
        self.lane = lane
        self.sequence = sequence
        self.isRedelivered = isRedelivered
        self.deadline = deadline
    }

    /// The deadline in whole milliseconds, at least 0.
    package var deadlineMilliseconds: Int? { deadline.map(\.wholeMilliseconds) }
}

extension Duration {
    /// Rounded down, and kept within what a JSON reader with doubles can tell apart.
    var wholeMilliseconds: Int {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        guard seconds < 1 << 40 else { return 1 << 50 }
        return Int(seconds) * 1_000 + Int(attoseconds / 1_000_000_000_000_000)
    }
}
