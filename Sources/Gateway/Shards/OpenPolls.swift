import DequeModule

/// How soon something leaves.
enum Urgency: Int, Comparable {
    /// When there is time, in the order of its coming.
    case bulk
    /// With this turn.
    case prompt

    static func < (one: Urgency, other: Urgency) -> Bool { one.rawValue < other.rawValue }
}

/// Those whose open polls are to be answered.
///
/// One may be in it twice, for being prompt after all: it knows itself whether it still has something to do.
struct OpenPolls<Poller: AnyObject> {
    private var prompt: Deque<Poller> = []
    private var bulk: Deque<Poller> = []

    init() {}

    var hasPrompt: Bool { !self.prompt.isEmpty }
    var hasBulk: Bool { !self.bulk.isEmpty }

    mutating func append(_ poller: Poller, _ urgency: Urgency) {
        switch urgency {
        case .prompt: self.prompt.append(poller)
        case .bulk: self.bulk.append(poller)
        }
    }

    mutating func nextPrompt() -> Poller? { self.prompt.popFirst() }

    /// The next of all, also of those that can wait: whoever has become prompt meanwhile comes first.
    mutating func next() -> Poller? { self.prompt.popFirst() ?? self.bulk.popFirst() }
}
