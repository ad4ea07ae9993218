import HandlerContract
import Outbox

/// Which handlers take stored events, and what waits because its handler is being replaced.
struct OutboxDirectory: Sendable {
    private(set) var handlers: [String: any HandlerService] = [:]
    /// Configurations that have been taken over.
    private(set) var adoptions = 0
    private(set) var policies: [String: RetryPolicy] = [:]
    /// Of calls, by route.
    private(set) var timeouts: [String: Duration] = [:]
    /// Of requests with several events, by route; the others are missing.
    private(set) var batches: [String: BatchLimits] = [:]
    /// Handlers whose predecessors still work: those of which generations.
    private var paused: [String: Set<Int>] = [:]
    /// Of these, and of handlers that the configuration does not have any more; bounded by what is in memory.
    private var waiting: [String: [StoredEvent]] = [:]

    init() {}

    mutating func adopt(_ generation: Generation, replacing previous: Generation?) {
        if let previous {
            let replaced = previous.handlers.filter { generation.handlers[$0.key] !== $0.value }
            self.pause(replaced.keys, untilRetired: previous.number)
        }
        self.adoptions += 1
        self.handlers = generation.handlers
        self.timeouts = [:]
        self.batches = [:]
        for route in generation.configuration.routes {
            self.timeouts[route.name] = route.timeout
            self.batches[route.name] = route.batch.map { BatchLimits(max: $0.max, linger: $0.linger) }
        }
        self.policies = [:]
        for (name, handler) in generation.configuration.handlers {
            guard case .http(let options) = handler else { continue }
            self.policies[name] = RetryPolicy(maxAttempts: options.maxAttempts, maxAge: options.maxAge)
        }
    }

    /// Their successors get nothing before a generation's handlers have ended; a name may wait for several.
    mutating func pause(_ names: some Sequence<String>, untilRetired number: Int) {
        for name in names { self.paused[name, default: []].insert(number) }
    }

    /// The handlers that were replaced when this generation was have ended.
    mutating func retired(_ number: Int) {
        for (name, numbers) in self.paused {
            let rest = numbers.subtracting([number])
            self.paused[name] = rest.isEmpty ? nil : rest
        }
    }

    func isPaused(_ name: String) -> Bool { self.paused[name] != nil }

    /// The handler that takes an event now; nil: the event waits here.
    mutating func handler(for stored: StoredEvent) -> (any HandlerService)? {
        let name = stored.event.handler
        guard let handler = self.handlers[name], !self.isPaused(name) else {
            self.waiting[name, default: []].append(stored)
            return nil
        }
        return handler
    }

    /// A handler that ends has not taken the event.
    mutating func kept(_ stored: StoredEvent) { self.waiting[stored.event.handler, default: []].append(stored) }

    /// Events whose handlers take them again, in their order.
    mutating func takeWaiting() -> [StoredEvent] {
        var events: [StoredEvent] = []
        for name in self.waiting.keys where self.handlers[name] != nil && !self.isPaused(name) {
            events += self.waiting.removeValue(forKey: name) ?? []
        }
        return events.sorted { $0.position < $1.position }
    }
}
