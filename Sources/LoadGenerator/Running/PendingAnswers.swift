/// The messages of one client whose answers have not come.
struct PendingAnswers {
    enum Answer: Equatable {
        /// Of the oldest message; with the instant at which that was sent.
        case inOrder(sent: UInt64)
        /// It came before that of an older message.
        case early(sent: UInt64)
        /// Of a message that is answered already, or that was never sent.
        case unexpected
    }

    /// How far the newest message may be ahead of the oldest that is not answered: far more than are on the way at once,
    /// so that only answers that will not come any more are given up.
    static let window = 1 << 21
    private static let answered: UInt64 = 0

    private let window: Int
    /// When each was sent, from the oldest that is not answered on, at ``first``.
    private var sent: ContiguousArray<UInt64> = []
    private var first = 0
    /// The number of the oldest one.
    private var oldest: UInt64 = 0
    /// Those without an answer.
    private(set) var count = 0

    init(window: Int = PendingAnswers.window) { self.window = window }

    var next: UInt64 { self.oldest + UInt64(self.sent.count - self.first) }

    /// The message ``next`` leaves.
    ///
    /// Returns how many answers are given up for it.
    mutating func add(at instant: UInt64) -> Int {
        self.sent.append(max(1, instant))
        self.count += 1
        guard self.sent.count - self.first > self.window else { return 0 }
        // It is not answered, or it would not be the oldest.
        self.count -= 1
        self.advance()
        return 1
    }

    mutating func answer(_ number: UInt64) -> Answer {
        guard number >= self.oldest, number < self.next else { return .unexpected }
        let place = self.first + Int(number - self.oldest)
        let instant = self.sent[place]
        guard instant != Self.answered else { return .unexpected }
        self.sent[place] = Self.answered
        self.count -= 1
        guard number == self.oldest else { return .early(sent: instant) }
        self.advance()
        return .inOrder(sent: instant)
    }

    /// The oldest one is done with, and all behind it that are answered.
    private mutating func advance() {
        repeat {
            self.first += 1
            self.oldest += 1
        } while self.first < self.sent.count && self.sent[self.first] == Self.answered
        if self.first == self.sent.count {
            self.sent.removeAll(keepingCapacity: true)
            self.first = 0
        } else if self.first >= 1_024, self.first * 2 >= self.sent.count {
            self.sent.removeFirst(self.first)
            self.first = 0
        }
    }
}
