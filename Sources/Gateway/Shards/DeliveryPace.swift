/// How soon the events of a turn leave, and when enough of them wait.
///
/// Decides, never acts.
struct DeliveryPace {
    /// To so many receivers small events of one turn go at once, in some 4 ms; those of later ones are bulk.
    static let promptReceivers = 512
    /// So many bytes take the kernel as long to copy as sending a small event takes it.
    static let bytesPerReceiver = 16_384
    /// One read may bring events for a million deliveries: they leave in pieces of this size.
    static let maxPieces = 262_144

    /// To how many the events of the bus went in this turn; of large ones each counts as several.
    private var receivers = 0
    /// Bytes of events that became bulk, each counted once, since there was none.
    private var bulkBytes = 0

    init() {}

    /// An event of so many bytes is about to be delivered to so many.
    mutating func urgency(of bytes: Int, to receivers: Int) -> Urgency {
        self.receivers += receivers * (1 + bytes / Self.bytesPerReceiver)
        return self.receivers > Self.promptReceivers ? .bulk : .prompt
    }

    /// The event was bulk, and so long in all its forms.
    mutating func added(bulk bytes: Int) { self.bulkBytes += bytes }

    /// Whether more may be delivered before what waits has been sent: whoever publishes more than can be sent waits for it.
    ///
    /// - Parameters:
    ///   - pieces: that wait.
    ///   - limit: in bytes. What waits here stands before each of its receivers, and comes over it all at once: more than a
    ///     client that reads what it gets may have waiting would have it closed for being slow.
    func hasRoom(pieces: Int, hasBulk: Bool, limit: Int) -> Bool {
        pieces <= (hasBulk ? Self.maxPieces / 2 : Self.maxPieces) && self.bulkBytes <= limit
    }

    /// `hasBulk`: some of it is left for the next turns.
    mutating func turnEnded(hasBulk: Bool) {
        self.receivers = 0
        if !hasBulk { self.bulkBytes = 0 }
    }
}
