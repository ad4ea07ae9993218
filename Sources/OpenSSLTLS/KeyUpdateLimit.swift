/// How often a peer may ask for new keys (TLS 1.3, RFC 8446 section 4.6.3).
///
/// An update costs us a key derivation and the peer a few bytes. Clients that use it do so after gigabytes, so ten a
/// minute is far more than any of them needs.
struct KeyUpdateLimit: Hashable {
    static let perWindow = 10
    static let window: Duration = .seconds(60)

    private var count = 0
    private var start: ContinuousClock.Instant?

    /// `number` updates came in.
    ///
    /// Returns whether that is still within the limit.
    mutating func allows(_ number: Int, now: ContinuousClock.Instant) -> Bool {
        if self.start.map({ $0.duration(to: now) >= Self.window }) ?? true {
            self.start = now
            self.count = 0
        }
        // One over the limit is as good as a thousand, and cannot overflow.
        self.count = min(self.count + min(number, Self.perWindow + 1), Self.perWindow + 1)
        return self.count <= Self.perWindow
    }
}
