/// The messages of a fan-out that not every receiver has got yet.
struct FanoutTable {
    private struct Entry {
        var sent: UInt64 = 0
        /// Receivers that wait for it; 0 when it is through.
        var missing = 0
    }

    /// How far the newest message may be ahead of the oldest that is not through.
    static let window = 1 << 16
    /// Messages on the way at once: more are not sent.
    static let capacity = Self.window / 2

    /// By number, from ``oldest`` on.
    private var entries = ContiguousArray(repeating: Entry(), count: Self.window)
    private var oldest: UInt64 = 0
    private var next: UInt64 = 0
    /// Messages that are not through.
    private(set) var count = 0
    /// Deliveries that have not come.
    private(set) var missing = 0
    /// Deliveries that are not waited for any longer, because so many later messages have got through.
    private(set) var givenUp = 0

    private static func place(_ number: UInt64) -> Int { Int(number & UInt64(Self.window - 1)) }

    /// Returns the number of the message, or `nil` when too many are on the way.
    mutating func sent(at instant: UInt64, receivers: Int) -> UInt64? {
        guard self.count < Self.capacity, receivers > 0 else { return nil }
        if self.next - self.oldest == UInt64(Self.window) { self.giveUpOldest() }
        defer { self.next += 1 }
        self.entries[Self.place(self.next)] = Entry(sent: instant, missing: receivers)
        self.count += 1
        self.missing += receivers
        return self.next
    }

    private mutating func giveUpOldest() {
        let place = Self.place(self.oldest)
        self.givenUp += self.entries[place].missing
        self.missing -= self.entries[place].missing
        self.entries[place].missing = 0
        self.count -= 1
        self.passThrough()
    }

    /// Whether a message of that number was ever sent.
    func hasSent(_ number: UInt64) -> Bool { number < self.next }

    /// A receiver got it; returns when it was sent, and whether everyone has it now.
    mutating func received(_ number: UInt64) -> (sent: UInt64, isLast: Bool)? {
        guard number >= self.oldest, number < self.next else { return nil }
        let place = Self.place(number)
        guard self.entries[place].missing > 0 else { return nil }
        let isLast = self.countDown(place)
        let sent = self.entries[place].sent
        if isLast { self.passThrough() }
        return (sent, isLast)
    }

    /// One receiver less waits for it; returns whether it was the last one.
    private mutating func countDown(_ place: Int) -> Bool {
        self.missing -= 1
        self.entries[place].missing -= 1
        guard self.entries[place].missing == 0 else { return false }
        self.count -= 1
        return true
    }

    /// The oldest one is one that is not through, or there is none.
    private mutating func passThrough() {
        while self.oldest < self.next, self.entries[Self.place(self.oldest)].missing == 0 { self.oldest += 1 }
    }

    /// A receiver is gone; returns how many deliveries are lost by that, and how many messages waited for it alone.
    mutating func abandoned(after last: UInt64?, sentSince: UInt64) -> (lost: Int, completed: Int) {
        var lost = 0
        var completed = 0
        var number = max(self.oldest, last.map { $0 + 1 } ?? 0)
        while number < self.next {
            let place = Self.place(number)
            number += 1
            guard self.entries[place].missing > 0, self.entries[place].sent >= sentSince else { continue }
            lost += 1
            if self.countDown(place) { completed += 1 }
        }
        self.passThrough()
        return (lost, completed)
    }
}
