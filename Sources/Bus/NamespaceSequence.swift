/// Counts the publications of one namespace: the offset that says where in its order a publication stands.
///
/// Offsets start at 1 and have no gaps; 0 is the position before the first.
package struct NamespaceSequence: Hashable, Sendable {
    /// The offset given last; 0 when none was.
    package private(set) var last: UInt64

    package init(last: UInt64 = 0) {
        self.last = last
    }

    /// The offset of the publication that is next.
    package mutating func next() -> UInt64 {
        // A billion a second for five centuries; it cannot come round.
        last += 1
        return last
    }
}
