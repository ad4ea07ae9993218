import HandlerContract

/// What the delivery of a stored event knows beyond its job: it has a past, and is not done until a handler took it.
struct StoredDelivery: Sendable {
    /// Its number in its lane, given when it was stored.
    var sequence: UInt64
    /// Calls that an earlier process made.
    var earlierAttempts = 0
    /// Since when its age counts.
    var since: ContinuousClock.Instant
    /// The handler does not want it before.
    var notBefore: ContinuousClock.Instant?
    /// An earlier process may have delivered it.
    var isRedelivered = false
    var policy = RetryPolicy()
    /// A call has failed, so many were made, and there will be another one after a pause.
    var attempted: @Sendable (_ attempts: Int, _ pause: Duration) -> Void
}

/// Why and how a stored event was given up.
struct DeadLetterCause: Hashable, Sendable {
    var reason: Outcome.DeadLetterReason
    var attempts: Int
    /// Of the last response; 0: there was none.
    var status: Int
    var problem: String
    /// The beginning of the last response's body.
    var response: [UInt8]
}
