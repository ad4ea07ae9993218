/// How many steps of TLS handshakes a loop takes between two looks at its other connections.
///
/// A step with a private key costs from a fifth of a millisecond (P-256) to a whole one (RSA-2048), a hundred times as
/// much as a message, and one look at the sockets may find hundreds of them. Those beyond the limit wait for the next
/// round in the order in which they came, so that a flood of handshakes delays handshakes and nothing else.
struct HandshakePace<Waiting> {
    /// Four of the dearest keep the loop for less than it takes anybody to notice.
    static var stepsPerRound: Int { 4 }
    /// Until the next round.
    ///
    /// A timer and not a task: the loop runs tasks until there are none, before it looks at other connections.
    static var pause: Duration { .milliseconds(1) }

    private var spent = 0
    private var waiting: [Waiting] = []
    private var isRoundOpen = false

    /// Whether one more step may be taken now; otherwise ``wait(_:)``.
    var isOpen: Bool { self.spent < Self.stepsPerRound && self.waiting.isEmpty }

    /// A step was taken that cost something.
    ///
    /// Returns whether ``nextRound()`` has to be called after ``pause``.
    mutating func took() -> Bool {
        self.spent += 1
        return self.openRound()
    }

    /// Returns the same as ``took()``.
    mutating func wait(_ one: Waiting) -> Bool {
        self.waiting.append(one)
        return self.openRound()
    }

    private mutating func openRound() -> Bool {
        defer { self.isRoundOpen = true }
        return !self.isRoundOpen
    }

    /// The pause is over.
    ///
    /// Returns who has waited long enough: each may take one step now.
    mutating func nextRound() -> [Waiting] {
        self.isRoundOpen = false
        self.spent = 0
        let now = Array(self.waiting.prefix(Self.stepsPerRound))
        self.waiting.removeFirst(now.count)
        return now
    }

    /// Whether there has to be another round: called after those of ``nextRound()`` have taken their steps.
    mutating func needsRound() -> Bool { !self.waiting.isEmpty && self.openRound() }
}
