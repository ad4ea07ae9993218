/// One client of a run: its dialogue, its connections, and what it waits for.
final class LoadClient {
    let index: Int
    let dialogue: Dialogue
    var sockets: [ClientSocket] = []
    /// By lane: whether the poller tells when it can be written.
    var isWriteWatched: [Bool] = []
    let startedAt: UInt64
    var isReady = false
    /// Told apart from the client that had the index before.
    let generation: UInt32

    init(index: Int, generation: UInt32, dialogue: Dialogue, startedAt: UInt64) {
        self.index = index
        self.generation = generation
        self.dialogue = dialogue
        self.startedAt = startedAt
    }

    func token(lane: Int) -> UInt64 {
        UInt64(self.generation) << 32 | UInt64(self.index) << 1 | UInt64(lane)
    }

    // MARK: - Messages whose answers have not come

    /// When each was sent, oldest first, from `firstPending` on.
    private var pending: ContiguousArray<UInt64> = []
    private var firstPending = 0
    /// The number of the oldest one that waits for its answer.
    private var oldest: UInt64 = 0

    var pendingCount: Int { self.pending.count - self.firstPending }
    var nextNumber: UInt64 { self.oldest + UInt64(self.pendingCount) }

    func sent(at instant: UInt64) { self.pending.append(instant) }

    /// The answer to a message came; returns when that was sent, or `nil` when it is not the next one in order.
    func answered(_ number: UInt64) -> UInt64? {
        guard self.pendingCount > 0, number == self.oldest else { return nil }
        let instant = self.pending[self.firstPending]
        self.firstPending += 1
        self.oldest += 1
        if self.firstPending == self.pending.count {
            self.pending.removeAll(keepingCapacity: true)
            self.firstPending = 0
        } else if self.firstPending == 1_024 {
            self.pending.removeFirst(1_024)
            self.firstPending = 0
        }
        return instant
    }

    /// The newest fan-out that it received.
    var lastReceived: UInt64?
}
