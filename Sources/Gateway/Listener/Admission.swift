import ClientAddress
import Configuration
import Synchronization

/// Decides on every new connection of the public listeners and on every new session: how many there may be in total, from
/// one address, and how fast they may come.
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
        /// Of one address: handshakes come too fast.
        case handshakeRate = "handshake_rate"
        /// Of one address: too many sessions that are in no namespace yet.
        case pendingSessions = "pending_sessions"
    }

    /// Connections that wait to be told that there is no room for them; more are closed without a word.
    ///
    /// They are no part of `limits.maxConnections`, so that who is refused does not take the room of others.
    private static let maxRefused = 1_000

    private struct State {
        var connections = 0
        var maxConnections: Int
        var rate: TokenRate
        var refused = 0
        var bucket: TokenBucket
        /// Connections of each peer.
        var peers: AddressLimiter
        /// Sessions of each client behind trusted proxies, whose connections are the proxies'.
        var forwarded: AddressLimiter
        /// Sessions of each client that are in no namespace yet, and how fast they come.
        var pending: AddressLimiter
    }

    private let state: Mutex<State>

    init(_ limits: GatewayConfiguration.Limits, now: ContinuousClock.Instant) {
        self.state = Mutex(
            State(
                maxConnections: limits.maxConnections, rate: TokenRate(limits.acceptRate, seconds: 1),
                bucket: TokenBucket(now: now), peers: AddressLimiter(limits: Self.perAddress(limits)),
                forwarded: AddressLimiter(limits: Self.perAddress(limits)),
                pending: AddressLimiter(limits: Self.pending(limits))))
    }

    /// Other limits from now on; connections that are over a lower one stay.
    func change(_ limits: GatewayConfiguration.Limits) {
        self.state.withLock { state in
            state.maxConnections = limits.maxConnections
            state.rate = TokenRate(limits.acceptRate, seconds: 1)
            state.peers.limits = Self.perAddress(limits)
            state.forwarded.limits = Self.perAddress(limits)
            state.pending.limits = Self.pending(limits)
        }
    }

    /// One entry an address: the tables are as large as there may be connections, and never larger.
    private static func perAddress(_ limits: GatewayConfiguration.Limits) -> AddressLimiter.Limits {
        .init(concurrent: limits.maxConnectionsPerIP, rate: nil, capacity: limits.maxConnections)
    }

    private static func pending(_ limits: GatewayConfiguration.Limits) -> AddressLimiter.Limits {
        .init(
            concurrent: limits.maxPendingPerIP, rate: TokenRate(limits.handshakesPerIP, seconds: 5),
            capacity: limits.maxConnections)
    }

    // MARK: - Connections

    /// What a connection holds while it is open.
    struct Permit: Sendable {
        /// `nil`: not counted by address.
        var key: AddressKey?
        var refusal: Refusal?
        /// So many wait to be told of their refusal that this one is not.
        var closesAtOnce = false
    }

    /// Counts a connection, also one that is refused: it stays open until it has been told.
    ///
    /// - Parameter address: `nil` when it is not to be counted by address: a trusted proxy, a unix socket.
    func admit(_ address: IPAddress?, now: ContinuousClock.Instant) -> Permit {
        self.state.withLock { state in
            let key = address.map { AddressKey($0) }
            guard let refusal = self.refusal(key, &state, now) else {
                state.connections += 1
                return Permit(key: key)
            }
            state.refused += 1
            return Permit(refusal: refusal, closesAtOnce: state.refused > Self.maxRefused)
        }
    }

    private func refusal(_ key: AddressKey?, _ state: inout State, _ now: ContinuousClock.Instant) -> Refusal? {
        guard state.connections < state.maxConnections else { return .maxConnections }
        // Before the rate: what is too many from one address must not use up what others may come with.
        if let key {
            guard case .admitted = state.peers.admit(key, now: now) else { return .maxConnectionsPerIP }
        }
        guard case .taken = state.bucket.take(rate: state.rate, now: now) else {
            if let key { state.peers.release(key, now: now) }
            return .acceptRate
        }
        return nil
    }

    func release(_ permit: Permit, now: ContinuousClock.Instant) {
        self.state.withLock { state in
            guard permit.refusal == nil else {
                state.refused -= 1
                return
            }
            state.connections -= 1
            if let key = permit.key { state.peers.release(key, now: now) }
        }
    }

    // MARK: - Sessions

    /// What a session holds while it is open.
    struct SessionPermit: Sendable {
        /// The client's address; `nil`: not counted by address.
        fileprivate var key: AddressKey?
        fileprivate var isForwarded = false
        fileprivate var isPending = false

        static let uncounted = SessionPermit()
    }

    /// Counts a session by the address of its client, whoever its connection is from.
    func admitSession(of client: ClientOrigin, now: ContinuousClock.Instant) -> Result<SessionPermit, SessionRefusal> {
        // A proxy that does not say whom it forwards, a unix socket.
        guard let address = client.ip, !client.isProxyItself else { return .success(.uncounted) }
        let key = AddressKey(address)
        return self.state.withLock { state in
            switch state.pending.admit(key, now: now) {
            case .admitted: break
            case .tooFast: return .failure(.init(reason: .handshakeRate))
            case .tooManyConnections, .tooManyAddresses: return .failure(.init(reason: .pendingSessions))
            }
            if client.isTrusted {
                guard case .admitted = state.forwarded.admit(key, now: now) else {
                    state.pending.release(key, now: now)
                    return .failure(.init(reason: .maxConnectionsPerIP))
                }
            }
            return .success(SessionPermit(key: key, isForwarded: client.isTrusted, isPending: true))
        }
    }

    struct SessionRefusal: Error { var reason: Refusal }

    /// The session is in a namespace.
    func settle(_ permit: inout SessionPermit, now: ContinuousClock.Instant) {
        guard permit.isPending, let key = permit.key else { return }
        permit.isPending = false
        self.state.withLock { $0.pending.release(key, now: now) }
    }

    /// The session is over.
    func release(_ permit: inout SessionPermit, now: ContinuousClock.Instant) {
        self.settle(&permit, now: now)
        guard let key = permit.key else { return }
        permit.key = nil
        if permit.isForwarded { self.state.withLock { $0.forwarded.release(key, now: now) } }
    }
}

extension TokenRate {
    /// A rate of the configuration, with a burst of so many seconds' worth.
    fileprivate init(_ rate: Rate, seconds: Double) {
        let perSecond = Double(rate.count) / max(rate.period / .seconds(1), 0.001)
        self.init(perSecond: perSecond, burst: max(1, Int(min(perSecond * seconds, 1e6))))
    }
}
