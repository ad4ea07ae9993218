import ClientAddress
import Configuration
import Synchronization

/// Decides on every new connection of the public listeners: how many there may be in total, from one address, and how
/// fast they may come.
///
/// Whoever is refused is answered with 503 where it speaks HTTP, because a stock client backs off from that and hammers
/// when it is simply closed.
final class Admission: Sendable {
    /// The value of the label `reason` of `gatehouse_connections_refused_total`.
    enum Refusal: String, Sendable, CaseIterable {
        case maxConnections = "max_connections"
        case maxConnectionsPerIP = "max_connections_per_ip"
        case acceptRate = "accept_rate"
        /// A new session while memory is short; see ``MemoryPressure``.
        case memory
    }

    private struct State {
        var connections = 0
        var maxConnections: Int
        var rate: TokenRate
        var limiter: AddressLimiter
        var bucket: TokenBucket
    }

    private let state: Mutex<State>

    init(_ limits: GatewayConfiguration.Limits, now: ContinuousClock.Instant) {
        self.state = Mutex(
            State(
                maxConnections: limits.maxConnections, rate: Self.rate(limits),
                limiter: AddressLimiter(limits: Self.perAddress(limits)), bucket: TokenBucket(now: now)))
    }

    /// Other limits from now on; connections that are over a lower one stay.
    func change(_ limits: GatewayConfiguration.Limits) {
        self.state.withLock { state in
            state.maxConnections = limits.maxConnections
            state.rate = Self.rate(limits)
            state.limiter.limits = Self.perAddress(limits)
        }
    }

    private static func rate(_ limits: GatewayConfiguration.Limits) -> TokenRate {
        let perSecond = Double(limits.acceptRate.count) / max(limits.acceptRate.period / .seconds(1), 0.001)
        return TokenRate(perSecond: perSecond, burst: max(1, Int(min(perSecond, 1e6))))
    }

    private static func perAddress(_ limits: GatewayConfiguration.Limits) -> AddressLimiter.Limits {
        // One entry an address: the table is as large as there may be connections, and never larger.
        .init(concurrent: limits.maxConnectionsPerIP, rate: nil, capacity: limits.maxConnections)
    }

    /// What a connection holds while it is open.
    struct Permit: Sendable {
        /// `nil`: not counted by address.
        var key: AddressKey?
        var refusal: Refusal?
    }

    /// Counts a connection, also one that is refused: it stays open until it has been told.
    ///
    /// - Parameter address: `nil` when it is not to be counted by address: a trusted proxy, a unix socket.
    func admit(_ address: IPAddress?, now: ContinuousClock.Instant) -> Permit {
        self.state.withLock { state in
            state.connections += 1
            guard state.connections <= state.maxConnections else { return Permit(refusal: .maxConnections) }
            guard case .taken = state.bucket.take(rate: state.rate, now: now) else {
                return Permit(refusal: .acceptRate)
            }
            guard let address else { return Permit() }
            let key = AddressKey(address)
            guard case .admitted = state.limiter.admit(key, now: now) else {
                return Permit(refusal: .maxConnectionsPerIP)
            }
            return Permit(key: key)
        }
    }

    func release(_ permit: Permit, now: ContinuousClock.Instant) {
        self.state.withLock { state in
            state.connections -= 1
            if let key = permit.key { state.limiter.release(key, now: now) }
        }
    }
}
