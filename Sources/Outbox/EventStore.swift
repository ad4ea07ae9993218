/// Keeps events through crashes.
///
/// What happened between ``begin()`` and ``commit()`` has happened wholly or not at all. After any error the caller rolls
/// back and goes on; a commit that failed may nevertheless turn out to have happened. Every call blocks; one thread.
package protocol EventStore: AnyObject {
    func begin() throws(StoreError)
    func commit() throws(StoreError)
    func rollback()

    // MARK: Within a transaction

    /// Appends an event and gives it the next number of its lane.
    func append(_ event: NewEvent) throws(StoreError) -> StoredEvent
    /// It is delivered.
    func remove(_ position: Int64) throws(StoreError)
    /// A call has failed, and there will be another one.
    func attempted(_ position: Int64, attempts: Int, notBefore: Int64) throws(StoreError)
    func bury(_ position: Int64, _ death: Death) throws(StoreError)
    /// Sends dead letters again, oldest first: they get new positions, and keep everything else.
    ///
    /// Returns how many of each handler, `limit` at most together; damaged ones stay, and so do those that died later than
    /// `diedBy`.
    func replay(
        _ selection: DeadLetterSelection, limit: Int, diedBy: Int64, now: Int64
    ) throws(StoreError) -> [String: Int]
    /// Deletes dead letters, `limit` at most, and returns how many.
    func drop(_ selection: DeadLetterSelection, limit: Int) throws(StoreError) -> Int
    /// Nobody counts in this lane any more, unless events of it are left.
    func forget(lane: String, of handler: String) throws(StoreError)
    /// The same for all lanes that no event came to since a time (milliseconds since 1970).
    func forgetLanes(unusedSince time: Int64) throws(StoreError)
    /// Writes something of no meaning, to see whether that is possible.
    func touch() throws(StoreError)

    // MARK: Reading

    /// Undelivered events of a handler behind a position, in order; of one lane if it is named.
    ///
    /// Fewer than `limit` when their bytes exceed `bytes`.
    func load(
        handler: String, lane: String?, after position: Int64, limit: Int, bytes: Int
    ) throws(StoreError) -> LoadedEvents
    /// Without their bytes and responses, which may be large; damaged are those that were found so.
    func deadLetters(handler: String?, after origin: Int64, limit: Int) throws(StoreError) -> [DeadLetter]
    func deadLetter(id: String) throws(StoreError) -> DeadLetter?
    /// Counts everything: takes its time.
    func census() throws(StoreError) -> Census
    /// When the oldest undelivered event was accepted, in milliseconds since 1970; nil: nothing waits.
    func oldest() throws(StoreError) -> Int64?
    /// Bytes of the file that hold something.
    func usedBytes() throws(StoreError) -> Int
}

/// What was read from the file.
package struct LoadedEvents: Hashable, Sendable {
    package var events: [StoredEvent] = []
    /// Positions of events whose bytes are not the ones that were stored.
    package var damaged: [Int64] = []
    /// There are no more.
    package var isEnd = false

    package init() {}
}

/// How many events are in the outbox.
package struct Census: Hashable, Sendable {
    /// Undelivered ones by handler.
    package var pending: [String: Int]
    package var dead: Int

    package init(pending: [String: Int] = [:], dead: Int = 0) {
        self.pending = pending
        self.dead = dead
    }

    package var pendingTotal: Int { pending.values.reduce(0, +) }
}
