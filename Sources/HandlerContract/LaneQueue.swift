/// First in, first out, in amortized constant time; an empty one owns no memory.
struct LaneQueue<Element> {
    private var storage: [Element?] = []
    private var head = 0

    var count: Int { storage.count - head }
    var isEmpty: Bool { head == storage.count }
    var first: Element? { isEmpty ? nil : storage[head] }

    /// The element at a place, the first one's being 0.
    ///
    /// - Precondition: `place` is less than ``count``.
    subscript(place: Int) -> Element? { storage[head + place] }

    mutating func append(_ element: Element) { storage.append(element) }

    mutating func popFirst() -> Element? {
        guard head < storage.count else { return nil }
        let element = storage[head]
        storage[head] = nil
        head += 1
        if head == storage.count {
            storage = []
            head = 0
        } else if head >= 32, head * 2 >= storage.count {
            // Half of the array is behind us: moving the other half costs no more than the pops that led here.
            storage.removeFirst(head)
            head = 0
        }
        return element
    }

    mutating func updateFirst(_ change: (inout Element) -> Void) { update(0, change) }

    mutating func update(_ place: Int, _ change: (inout Element) -> Void) {
        guard place < count, var element = storage[head + place] else { return }
        change(&element)
        storage[head + place] = element
    }

    mutating func removeAll() -> [Element] {
        defer {
            storage = []
            head = 0
        }
        return storage[head...].compactMap(\.self)
    }
}

extension LaneQueue: Sendable where Element: Sendable {}
