/// How often which latency was seen: 64 steps per doubling, so a figure is right within 1.6 %.
package struct LatencyHistogram: Sendable {
    private static let stepBits = 6
    private static let steps = 1 << Self.stepBits

    /// By ``index(of:)``.
    private var counts: [UInt64]
    package private(set) var count: UInt64 = 0
    package private(set) var maximum: UInt64 = 0
    package private(set) var minimum = UInt64.max
    private var sum = 0.0

    package init() {
        self.counts = Array(repeating: 0, count: (64 - Self.stepBits + 1) * Self.steps)
    }

    private static func index(of value: UInt64) -> Int {
        guard value >= UInt64(Self.steps) else { return Int(value) }
        let exponent = 63 - value.leadingZeroBitCount
        let shift = exponent - Self.stepBits
        return (shift + 1) * Self.steps + Int(value >> UInt64(shift)) - Self.steps
    }

    /// The largest value that is counted at that place.
    private static func upperBound(at index: Int) -> UInt64 {
        guard index >= Self.steps else { return UInt64(index) }
        let shift = UInt64(index / Self.steps - 1)
        let mantissa = UInt64(index % Self.steps + Self.steps)
        return (mantissa << shift) + ((1 << shift) - 1)
    }

    package mutating func record(_ nanoseconds: UInt64) {
        self.counts[Self.index(of: nanoseconds)] &+= 1
        self.count &+= 1
        self.sum += Double(nanoseconds)
        self.maximum = max(self.maximum, nanoseconds)
        self.minimum = min(self.minimum, nanoseconds)
    }

    package var mean: Double { self.count == 0 ? 0 : self.sum / Double(self.count) }

    /// The value that `share` (0 to 1) of all do not exceed, in nanoseconds; 0 when there are none.
    package func percentile(_ share: Double) -> UInt64 {
        guard self.count > 0 else { return 0 }
        let wanted = max(1, UInt64((share * Double(self.count)).rounded(.up)))
        var seen: UInt64 = 0
        for (index, count) in self.counts.enumerated() where count > 0 {
            seen += count
            if seen >= wanted { return min(Self.upperBound(at: index), self.maximum) }
        }
        return self.maximum
    }

    /// How many are in `(lower, upper]`, as exactly as the steps allow.
    package func count(above lower: UInt64, through upper: UInt64) -> UInt64 {
        var sum: UInt64 = 0
        for (index, count) in self.counts.enumerated() where count > 0 {
            let value = Self.upperBound(at: index)
            if value > lower, value <= upper { sum += count }
        }
        return sum
    }
}
