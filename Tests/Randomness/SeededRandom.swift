/// Random numbers that a printed seed brings back, on every machine: SplitMix64.
package struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    package init(seed: UInt64) { self.state = seed }

    package mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// From 0 to one less than `limit`; 0 where that leaves nothing.
    package mutating func below(_ limit: Int) -> Int { Int(self.next() % UInt64(max(1, limit))) }

    /// True once in `n` times.
    package mutating func oneIn(_ n: UInt64) -> Bool { self.next() % n == 0 }
}
