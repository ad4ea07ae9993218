/// One client of a run: its dialogue, its connections, and what it waits for.
final class LoadClient {
    let index: Int
    let dialogue: Dialogue
    var sockets: [ClientSocket] = []
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

    /// To the messages that it sent.
    var answers = PendingAnswers()
    /// The newest fan-out that it received.
    var lastReceived: UInt64?
}
