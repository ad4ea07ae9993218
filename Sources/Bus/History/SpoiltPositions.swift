/// Positions by which nobody can be given all that was missed, because a client that has seen one of them was then put
/// into a room that nothing remembers.
///
/// A client of which no session is kept says nothing but its position when it comes back. Of those that may have it, one
/// has missed what went to that room; which of them comes cannot be told, so none is said to have missed nothing. Users
/// are told apart: what one of them spoils is nobody else's business, unless nobody knew then who it was.
package struct SpoiltPositions: Sendable {
    package struct Span: Hashable, Sendable {
        /// Of the clients that may have these positions; `nil`: nobody knows.
        package var user: String?
        package var positions: ClosedRange<UInt64>

        package init(user: String?, positions: ClosedRange<UInt64>) {
            self.user = user
            self.positions = positions
        }
    }

    /// The most users that are told apart, and the most spans of each: some 4 MB when all are there.
    ///
    /// Beyond that more is spoilt than there must be: with too many users it is everybody's, and of too many spans the two
    /// that are nearest to each other become one. Nothing is ever forgotten that the log still knows.
    package static let maxUsers = 10_000
    package static let maxSpans = 16

    /// By user, in order and apart from each other.
    private var spans: [ExactName: [ClosedRange<UInt64>]] = [:]
    /// Everybody's: of clients whose user is not known, and of users that are too many.
    private var everybodys: [ClosedRange<UInt64>] = []

    package init() {}

    /// Clients that may have these positions have missed something by them.
    ///
    /// - Parameter floor: Whoever has a position before this one is refused anyway: the log does not reach back there.
    package mutating func add(_ span: Span, floor: UInt64) {
        guard span.positions.upperBound >= floor else { return }
        guard let user = span.user.map(ExactName.init) else {
            return Self.add(span.positions, to: &self.everybodys, floor: floor)
        }
        if self.spans[user] == nil, self.spans.count >= Self.maxUsers { self.makeRoom(floor: floor) }
        Self.add(span.positions, to: &self.spans[user, default: []], floor: floor)
    }

    /// Whether a client of this user that comes back with a position may have missed what nobody knows.
    package func contains(_ position: UInt64, of user: String?) -> Bool {
        if self.everybodys.contains(where: { $0.contains(position) }) { return true }
        guard let user else { return false }
        return self.spans[ExactName(user)]?.contains { $0.contains(position) } ?? false
    }

    /// All that there are, for whoever writes them down; in no order.
    package var all: [Span] {
        self.everybodys.map { Span(user: nil, positions: $0) }
            + self.spans.flatMap { user, spans in spans.map { Span(user: user.text, positions: $0) } }
    }

    private mutating func makeRoom(floor: UInt64) {
        self.spans = self.spans.filter { $0.value.contains { $0.upperBound >= floor } }
        guard self.spans.count >= Self.maxUsers else { return }
        for span in self.spans.values.joined() { Self.add(span, to: &self.everybodys, floor: floor) }
        self.spans = [:]
    }

    private static func add(_ span: ClosedRange<UInt64>, to spans: inout [ClosedRange<UInt64>], floor: UInt64) {
        var lower = span.lowerBound
        var upper = span.upperBound
        spans.removeAll { older in
            // Neighbours too: a user who is often spoken to alone has one span, not one for each time.
            let meets = older.lowerBound <= span.upperBound &+ 1 && span.lowerBound <= older.upperBound &+ 1
            guard meets else { return older.upperBound < floor }
            lower = min(lower, older.lowerBound)
            upper = max(upper, older.upperBound)
            return true
        }
        let place = spans.firstIndex { $0.lowerBound > upper } ?? spans.endIndex
        spans.insert(lower...upper, at: place)
        guard spans.count > Self.maxSpans else { return }
        let nearest = spans.indices.dropLast().min {
            spans[$0 + 1].lowerBound - spans[$0].upperBound < spans[$1 + 1].lowerBound - spans[$1].upperBound
        }
        guard let nearest else { return }
        spans[nearest] = spans[nearest].lowerBound...spans[nearest + 1].upperBound
        spans.remove(at: nearest + 1)
    }

    /// In order, apart from each other, and no more than there may be; for tests.
    package func invariants() -> Bool {
        self.spans.count <= Self.maxUsers
            && ([self.everybodys] + self.spans.values).allSatisfy { spans in
                spans.count <= Self.maxSpans
                    && zip(spans, spans.dropFirst()).allSatisfy { $0.upperBound < $1.lowerBound }
            }
            && self.spans.values.allSatisfy { !$0.isEmpty }
    }
}
