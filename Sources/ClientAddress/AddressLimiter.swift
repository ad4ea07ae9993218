/// Limits the connections of each client address: how many at once, and how fast new ones come.
///
/// Addresses of trusted proxies are not to be asked about: behind one of them are many clients.
///
/// Bounded: an address is forgotten when it has no connection and a full bucket. When there is no room for another one,
/// the table gives up an address without connections, and so at most some of the memory of who came too fast.
package struct AddressLimiter: Sendable {
    package typealias Instant = ContinuousClock.Instant

    package struct Limits: Hashable, Sendable {
        /// Connections of one address at a time; nil: no limit.
        package var concurrent: Int?
        /// New connections of one address; nil: no limit.
        package var rate: TokenRate?
        /// Addresses that are remembered.
        ///
        /// At least the number of connections of the process; twice as many keep the memory of the fast ones longer.
        package var capacity: Int

        package init(concurrent: Int?, rate: TokenRate?, capacity: Int) {
            self.concurrent = concurrent
            self.rate = rate
            self.capacity = max(1, capacity)
        }
    }

    package enum Verdict: Hashable, Sendable {
        /// Counted; ``AddressLimiter/release(_:now:)`` has to follow once.
        case admitted
        case tooManyConnections
        case tooFast(retryAt: Instant)
        /// No room: every remembered address that was looked at has connections.
        case tooManyAddresses
    }

    private struct Entry: Sendable {
        let key: AddressKey
        var connections: Int
        var bucket: TokenBucket

        func isIdle(now: Instant) -> Bool {
            connections == 0 && bucket.isFull(now: now)
        }
    }

    /// Entries that are looked at to make room for one: bounds the time of an accept.
    private static let searchLength = 64
    /// Entries that are looked at with each new connection, so that a table shrinks about as fast as it grew.
    private static let sweepLength = 2

    /// May be changed at any time; what is over a lower limit stays.
    package var limits: Limits
    private var entries: [Entry] = []
    private var positions: [AddressKey: Int] = [:]
    /// Where the last search for entries to forget ended.
    private var hand = 0

    package init(limits: Limits) {
        self.limits = limits
    }

    /// Addresses that are remembered at the moment.
    package var count: Int { entries.count }

    package func connections(of key: AddressKey) -> Int {
        positions[key].map { entries[$0].connections } ?? 0
    }

    /// A connection of that address has come.
    package mutating func admit(_ key: AddressKey, now: Instant) -> Verdict {
        sweep(now: now)
        if let position = positions[key] {
            return admit(at: position, now: now)
        }
        if let concurrent = limits.concurrent, concurrent < 1 { return .tooManyConnections }
        guard entries.count < limits.capacity || makeRoom(now: now) else { return .tooManyAddresses }
        positions[key] = entries.count
        entries.append(Entry(key: key, connections: 0, bucket: TokenBucket(now: now)))
        return admit(at: entries.count - 1, now: now)
    }

    /// A connection that was admitted has ended.
    package mutating func release(_ key: AddressKey, now: Instant) {
        guard let position = positions[key], entries[position].connections > 0 else { return }
        entries[position].connections -= 1
        if entries[position].isIdle(now: now) { forget(position) }
    }

    private mutating func admit(at position: Int, now: Instant) -> Verdict {
        if let concurrent = limits.concurrent, entries[position].connections >= concurrent {
            return .tooManyConnections
        }
        if let rate = limits.rate, case .refused(let retryAt) = entries[position].bucket.take(rate: rate, now: now) {
            return .tooFast(retryAt: retryAt)
        }
        entries[position].connections += 1
        return .admitted
    }

    private mutating func sweep(now: Instant) {
        for _ in 0..<min(Self.sweepLength, entries.count) {
            advanceHand()
            if entries[hand].isIdle(now: now) { forget(hand) }
            if entries.isEmpty { return }
        }
    }

    /// Forgets, of the entries looked at, the one without connections whose bucket is nearest to full.
    private mutating func makeRoom(now: Instant) -> Bool {
        var best: Int?
        for _ in 0..<min(Self.searchLength, entries.count) {
            advanceHand()
            let entry = entries[hand]
            guard entry.connections == 0 else { continue }
            if let current = best, entries[current].bucket.fullAt <= entry.bucket.fullAt { continue }
            best = hand
            if entry.bucket.isFull(now: now) { break }
        }
        guard let best else { return false }
        forget(best)
        return true
    }

    private mutating func advanceHand() {
        hand = hand + 1 < entries.count ? hand + 1 : 0
    }

    /// The last entry takes the place of the one that goes.
    private mutating func forget(_ position: Int) {
        positions[entries[position].key] = nil
        let last = entries.removeLast()
        guard position < entries.count else { return }
        entries[position] = last
        positions[last.key] = position
    }

    /// Whether both structures tell the same.
    package func invariants() -> Bool {
        positions.count == entries.count
            && entries.enumerated().allSatisfy { positions[$1.key] == $0 && $1.connections >= 0 }
    }
}
