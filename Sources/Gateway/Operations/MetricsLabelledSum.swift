/// Sums over all shards, by label; in the order in which labels come first.
struct LabelledSum<Label: Hashable & Sendable>: Sendable {
    private(set) var entries: [(label: Label, value: UInt64)] = []
    private var places: [Label: Int] = [:]

    init() {}

    mutating func add(_ value: UInt64, _ label: Label) {
        if let place = self.places[label] {
            self.entries[place].value &+= value
        } else {
            self.places[label] = self.entries.count
            self.entries.append((label, value))
        }
    }
}
