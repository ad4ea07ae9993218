/// A value of which one means that there is none, where the flag of an optional would take eight bytes.
protocol Vacant {
    static var vacant: Self { get }
    var isVacant: Bool { get }
}

/// A list that often has a single element, which then needs no memory of its own.
///
/// Most rooms of a gateway are somebody's own: one user, one order, one document. An array for each costs 48 bytes to hold
/// eight. Invariant: `rest` is empty while `first` is vacant.
struct CompactList<Element: Vacant> {
    private var first = Element.vacant
    private var rest: [Element] = []

    /// There will soon be so many; memory for exactly these, unless some are there already.
    ///
    /// Only for the first ones, so that one call after the other does not copy the list each time.
    mutating func reserve(_ count: Int) {
        guard isEmpty, count > 1 else { return }
        rest.reserveCapacity(count - 1)
    }

    /// Appends one that is not vacant.
    mutating func append(_ element: Element) {
        if first.isVacant { first = element } else { rest.append(element) }
    }

    /// The last one, which is taken out; nil when there is none.
    mutating func popLast() -> Element? {
        if let last = rest.popLast() { return last }
        guard !first.isVacant else { return nil }
        defer { first = .vacant }
        return first
    }

    /// The same as a loop over it, without asking for each whether it is the first.
    func forEach(_ body: (Element) -> Void) {
        guard !first.isVacant else { return }
        body(first)
        for element in rest { body(element) }
    }
}

extension CompactList: RandomAccessCollection, MutableCollection {
    var startIndex: Int { 0 }
    var endIndex: Int { first.isVacant ? 0 : 1 + rest.count }

    subscript(index: Int) -> Element {
        get {
            guard index == 0 else { return rest[index - 1] }
            precondition(!first.isVacant, "the list is empty")
            return first
        }
        set {
            guard index == 0 else { return rest[index - 1] = newValue }
            precondition(!first.isVacant && !newValue.isVacant, "the list is empty")
            first = newValue
        }
    }
}
