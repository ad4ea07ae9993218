import Bus
import Routing
import Testing

@testable import Gateway

@Suite struct LogKeeperTests {
    private let registry: NamespaceRegistry
    private let keeper: LogKeeper

    init() {
        let limits = HistoryLimits(
            maxEntries: 100_000, maxBytes: 1 << 30, maxAge: .seconds(120), maxReplay: 100, maxReplayBytes: 1 << 20)
        let names = ["/a", "/b", "/c"]
        self.registry = NamespaceRegistry(
            shards: [], labels: names, logs: NamespaceLogs(limits: limits, rules: names.map { .name($0) }))
        self.keeper = LogKeeper(self.registry)
    }

    private func open(_ name: String) throws -> Namespace {
        try #require(self.registry.resolve(name, rules: [.name(name)]))
    }

    /// An event that counts somewhat more than `bytes` in the log.
    private func publish(_ bytes: Int, in namespace: Namespace) {
        let event = Broadcast.Event(
            name: "e", arguments: [UInt8](repeating: 0x31, count: bytes / 2), attachments: [], ackID: nil)
        let broadcast = Broadcast(target: Target(all: true), namespace: namespace.name, content: .event(event))
        namespace.publish(BusItem(namespace: namespace, kind: .broadcast(broadcast)))
    }

    private func entries(_ namespace: Namespace) -> [UInt64] {
        namespace.withHistory { history, _ in history.entries(after: 0, limit: .max).map(\.sequence) } ?? []
    }

    @Test func `the log of a namespace to which nobody publishes any more is emptied by time`() throws {
        let namespace = try self.open("/a")
        for _ in 0..<700 { self.publish(1_000, in: namespace) }
        let last = ContinuousClock.now
        #expect(self.keeper.bytes > 700_000)
        self.keeper.prune(now: last)
        #expect(self.entries(namespace).count == 700)
        self.keeper.prune(now: last + .seconds(121))
        #expect(self.entries(namespace).isEmpty)
        #expect(self.keeper.bytes == 0)
        // An offset from before is no good any more.
        let record = SessionRecord(
            socketID: "s", user: nil, since: 1, stays: RoomStays(joined: [], left: [], forgotten: 0))
        #expect(throws: RecoveryRefusal.self) { try namespace.check(record, from: 1) }
    }

    @Test func `all logs together stay within their share of the budget, and the oldest entries go first`() throws {
        let namespaces = try ["/a", "/b", "/c"].map { try self.open($0) }
        for namespace in namespaces { for _ in 0..<400 { self.publish(10_000, in: namespace) } }
        let full = self.keeper.bytes
        self.keeper.keep(budget: full * 5)
        #expect(self.keeper.bytes == full, "they have a quarter of it")
        // Half of what they hold.
        self.keeper.keep(budget: full * 2)
        let limit = full * 2 / 100 * LogKeeper.share
        #expect(self.keeper.bytes <= limit)
        #expect(self.keeper.bytes > limit / 10 * 8, "no more than needed, and a tenth")
        // The first one was filled before the others were begun, and the second one before the last one was.
        #expect(self.entries(namespaces[0]).isEmpty)
        #expect(self.entries(namespaces[2]) == Array(1...400))
    }

    @Test func `everything can go`() throws {
        let namespaces = try ["/a", "/b"].map { try self.open($0) }
        for namespace in namespaces { for _ in 0..<300 { self.publish(1_000, in: namespace) } }
        #expect(self.keeper.trim(to: 0) > 600_000)
        #expect(self.keeper.bytes == 0)
        self.publish(1_000, in: namespaces[0])
        #expect(self.entries(namespaces[0]) == [301])
    }

    @Test func `a namespace that is gone holds nothing`() throws {
        let pattern = try #require(NamespacePattern("/tenant-{id}"))
        let rule = NamespaceMatcher.pattern(pattern, text: "/tenant-{id}", limit: 2)
        let limits = try #require(self.registry.logs.limits)
        let registry = NamespaceRegistry(
            shards: [], labels: ["/tenant-{id}"], logs: NamespaceLogs(limits: limits, rules: [rule]))
        let namespace = try #require(registry.resolve("/tenant-1", rules: [rule]))
        self.publish(5_000, in: namespace)
        #expect(registry.logs.total.bytes > 5_000)
        registry.release(namespace, forgetting: true)
        #expect(registry.logs.total.bytes == 0)
    }
}
