/// What the memory that the process uses means for its clients: load is shed in steps as it nears the budget.
///
/// Decides on the resident memory, which is what the kernel kills for: it has everything in it, sessions, histories and
/// the allocator's own waste as well as buffers, and what many connections share is in it once.
struct MemoryPressure {
    enum Level: UInt8, Comparable, Sendable {
        case calm
        /// From 85 %: no new sessions, because each only makes it worse.
        case refusing
        /// From 90 %: volatile events are dropped as well.
        case dropping
        /// From 95 %: whoever has most piled up is closed as well.
        case closing

        static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }

        /// Percent of the budget.
        fileprivate var threshold: Double {
            switch self {
            case .calm: 0
            case .refusing: 85
            case .dropping: 90
            case .closing: 95
            }
        }
    }

    /// A level is left only when so many percent of the budget below its threshold: it must not flutter.
    private static let hysteresis = 2.0

    /// Bytes.
    private(set) var budget: Int
    private(set) var level = Level.calm

    init(budget: Int) { self.budget = max(1, budget) }

    /// Another budget holds from the next look on.
    mutating func change(budget: Int) { self.budget = max(1, budget) }

    /// The process has so many bytes resident.
    ///
    /// Returns the level before and after.
    mutating func sample(resident: Int) -> (before: Level, after: Level) {
        let before = self.level
        let percent = Double(resident) / Double(self.budget) * 100
        let reached = [Level.closing, .dropping, .refusing].first { percent >= $0.threshold } ?? .calm
        if reached >= before || percent < before.threshold - Self.hysteresis { self.level = reached }
        return (before, self.level)
    }

    /// How many bytes have to go until nobody has to be closed any more.
    func excess(resident: Int) -> Int {
        guard self.level == .closing else { return 0 }
        return max(0, resident - Int(Double(self.budget) * Level.dropping.threshold / 100))
    }
}
