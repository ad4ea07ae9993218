/// Who is closed when: everybody once, in random order, evenly over the window.
///
/// Evenly, because clients come back about a second after they were closed: the server alone can spread them. In random
/// order, because those who came together would otherwise meet again at the next node.
struct DrainPlan<Member> {
    let window: Duration
    /// In the order in which they are closed.
    let order: [Member]
    /// How many have been taken.
    private(set) var taken = 0

    init(_ members: [Member], over window: Duration, using random: inout some RandomNumberGenerator) {
        self.order = members.shuffled(using: &random)
        self.window = max(window, .zero)
    }

    var isDone: Bool { self.taken == self.order.count }
    var remaining: Int { self.order.count - self.taken }

    /// When the member of that place is due, from the beginning of the window: in the middle of its share.
    func due(_ place: Int) -> Duration {
        guard !self.order.isEmpty else { return .zero }
        return self.window * ((Double(place) + 0.5) / Double(self.order.count))
    }

    /// When there is something to do again; `nil` when all have been taken.
    var nextDue: Duration? { self.isDone ? nil : self.due(self.taken) }

    /// The members that are due by now and have not been taken.
    mutating func take(elapsed: Duration) -> ArraySlice<Member> {
        let first = self.taken
        while !self.isDone, self.due(self.taken) <= elapsed { self.taken += 1 }
        return self.order[first..<self.taken]
    }

    /// All that are left, whenever they would be due.
    mutating func takeAll() -> ArraySlice<Member> {
        defer { self.taken = self.order.count }
        return self.order[self.taken...]
    }
}
