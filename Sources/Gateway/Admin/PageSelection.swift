extension Sequence {
    /// The first `count` elements in an order, without sorting the others.
    ///
    /// A page of a long list is small: keeping it sorted while the list is walked is cheaper than sorting the list, and
    /// the walk happens on an event loop.
    func first(_ count: Int, inOrder areInOrder: (Element, Element) -> Bool) -> [Element] {
        guard count > 0 else { return [] }
        var page: [Element] = []
        for element in self {
            if page.count == count {
                guard areInOrder(element, page[count - 1]) else { continue }
                page.removeLast()
            }
            var low = 0
            var high = page.count
            while low < high {
                let middle = (low + high) / 2
                if areInOrder(element, page[middle]) { high = middle } else { low = middle + 1 }
            }
            page.insert(element, at: low)
        }
        return page
    }
}
