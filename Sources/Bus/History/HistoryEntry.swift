/// Something that was published in a namespace and concerns clients that were away at the time.
package struct HistoryEntry<Payload: Sendable>: Sendable {
    package enum Content: Sendable {
        /// An event; `asksAck` when its receivers are expected to answer.
        case event(Payload, asksAck: Bool)
        /// A change of the sockets that the target reaches.
        ///
        /// Kept so that it can be made up for: a client that is away is reached by its record and the log only.
        case change(SessionChange)
    }

    package let sequence: UInt64
    package let time: ContinuousClock.Instant
    package let target: Target
    package let content: Content
    /// What it counts for ``HistoryLimits/maxBytes``.
    package let bytes: Int

    package init(
        sequence: UInt64, time: ContinuousClock.Instant, target: Target, content: Content, bytes: Int
    ) {
        self.sequence = sequence
        self.time = time
        self.target = target
        self.content = content
        self.bytes = bytes
    }
}

/// What can happen to a socket by way of the bus, besides getting an event.
package enum SessionChange: Sendable {
    case join(rooms: [String])
    case leave(rooms: [String])
    /// Changes what is kept with the socket; each value is JSON.
    case state(set: [(key: String, json: [UInt8])], unset: [String])
    /// The socket was disconnected: it shall not come back as what it was.
    case end
}
