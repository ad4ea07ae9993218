/// The TLS handshakes that have begun and are not complete: so many at most, and the oldest makes room for a new one.
///
/// Refusing the newest instead would let a few hundred connections that say nothing keep everybody out until their
/// deadline. Whoever means it is through after two round trips, long before a whole table of others has come after it.
struct HandshakesUnderWay<Handshake> {
    /// At least 1.
    var limit: Int
    private var open: [UInt64: Handshake] = [:]
    /// No open one has a smaller number.
    private var oldest: UInt64 = 0
    private var next: UInt64 = 0

    init(limit: Int) { self.limit = max(1, limit) }

    var count: Int { self.open.count }

    /// Counts one more.
    ///
    /// Returns its number for ``ended(_:)``, and who has to go for it.
    mutating func began(_ handshake: Handshake) -> (number: UInt64, crowdedOut: Handshake?) {
        let crowdedOut = self.open.count >= self.limit ? self.removeOldest() : nil
        if self.open.isEmpty { self.oldest = self.next }
        let number = self.next
        self.next &+= 1
        self.open[number] = handshake
        return (number, crowdedOut)
    }

    /// It is complete, or the connection is gone; once more does no harm.
    mutating func ended(_ number: UInt64) {
        self.open[number] = nil
    }

    private mutating func removeOldest() -> Handshake? {
        // Each number is passed over once.
        while self.oldest < self.next {
            defer { self.oldest &+= 1 }
            if let handshake = self.open.removeValue(forKey: self.oldest) { return handshake }
        }
        return nil
    }
}
