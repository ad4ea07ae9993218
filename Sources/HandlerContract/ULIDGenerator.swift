/// Hands out ULIDs that only ever grow, also within one millisecond and when the clock steps back.
package struct ULIDGenerator: Sendable {
    private var last: ULID?

    package init() {}

    /// The next identifier: a fresh random part for a new millisecond, otherwise the last identifier plus one.
    ///
    /// Plus one carries into the milliseconds when the 80 random bits are used up, so the order holds there too.
    package mutating func next(at time: Timestamp, using random: inout some RandomNumberGenerator) -> ULID {
        let latest: Int64 = 1 << 48 - 1
        let milliseconds = UInt64(min(max(time.milliseconds, 0), latest))
        if let last, milliseconds <= last.high >> 16 {
            let low = last.low &+ 1
            let following = ULID(high: low == 0 ? last.high &+ 1 : last.high, low: low)
            self.last = following
            return following
        }
        let tail = UInt64(random.next() as UInt16)
        let fresh = ULID(high: milliseconds << 16 | tail, low: random.next())
        last = fresh
        return fresh
    }
}
