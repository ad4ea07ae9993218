/// What a route promises about an event.
package enum DeliveryMode: String, Hashable, Sendable {
    /// The client's ack is the handler's answer, given within the deadline.
    case request
    /// The client's ack means: stored. The handler gets it once or more often.
    case atLeastOnce
    /// The client's ack means: accepted. The handler gets it once or never.
    case atMostOnce
}
