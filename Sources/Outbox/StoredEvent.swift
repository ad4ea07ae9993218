/// An event that is to be stored: everything that its delivery needs, also by a later process.
package struct NewEvent: Hashable, Sendable {
    /// The same on every delivery.
    package var id: String
    package var handler: String
    package var route: String
    /// Events of one lane of a handler are delivered one after the other.
    package var lane: String
    /// Whether the lane is the event's own, so that nobody counts in it.
    package var isAlone: Bool
    /// What happened, such as `socket.event`.
    package var type: String
    /// The socket that it is about, and its namespace; empty: none.
    package var socket: String
    package var namespace: String
    /// Milliseconds since 1970.
    package var accepted: Int64
    /// The request's body before and after what is told about the delivery.
    package var head: [UInt8]
    package var tail: [UInt8]

    package init(
        id: String, handler: String, route: String, lane: String, isAlone: Bool = false, type: String, socket: String,
        namespace: String, accepted: Int64, head: [UInt8], tail: [UInt8]
    ) {
        self.id = id
        self.handler = handler
        self.route = route
        self.lane = lane
        self.isAlone = isAlone
        self.type = type
        self.socket = socket
        self.namespace = namespace
        self.accepted = accepted
        self.head = head
        self.tail = tail
    }

    /// About what it weighs in memory and in the file.
    package var bytes: Int { 256 + head.count + tail.count + lane.utf8.count }
}

/// An event that is in the file.
package struct StoredEvent: Hashable, Sendable {
    package var event: NewEvent
    /// Its place among all events: grows, and is new when a dead letter is sent again.
    package var position: Int64
    /// 1, 2, … in its lane without gaps.
    package var sequence: UInt64
    /// Milliseconds since 1970 from which its age counts: when it was accepted, or sent again.
    package var since: Int64
    /// Calls that were made.
    package var attempts: Int
    /// Milliseconds since 1970 before which the handler does not want it.
    package var notBefore: Int64
    /// An earlier process, or an earlier life of the event, may have delivered it.
    package var isRedelivered: Bool

    package init(
        event: NewEvent, position: Int64, sequence: UInt64, since: Int64, attempts: Int = 0, notBefore: Int64 = 0,
        isRedelivered: Bool = false
    ) {
        self.event = event
        self.position = position
        self.sequence = sequence
        self.since = since
        self.attempts = attempts
        self.notBefore = notBefore
        self.isRedelivered = isRedelivered
    }
}
