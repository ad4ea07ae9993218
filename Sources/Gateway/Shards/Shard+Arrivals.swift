import DequeModule

/// What the bus has brought for a shard, and who waits until it has been applied.
struct Arrivals {
    /// Taken from the inbox.
    fileprivate var items: ContiguousArray<BusItem> = []
    /// The first of ``items`` that has not been applied.
    fileprivate var next = 0
    /// What is left of that one, when it is under way.
    fileprivate var parting: Parting?
    /// How many have been applied in the life of the shard.
    fileprivate var applied: UInt64 = 0
    fileprivate var isDraining = false
    /// Nothing was left when it was looked at last.
    fileprivate var isThrough = true
    fileprivate var budget = TurnBudget()
    fileprivate var waiters: Deque<Waiter> = []

    init() {}

    fileprivate struct Waiter {
        /// That many have been applied when it is its turn.
        var place: UInt64
        var body: () -> Void
    }

    fileprivate var rest: Int { self.items.count - self.next }
}

/// Applying what the bus brings: in order, and in pieces when it is more than a turn has time for.
extension Shard {
    /// Something is being applied at the moment.
    var isDrainingInbox: Bool { self.arrivals.isDraining }

    /// Something of the bus has not been applied yet.
    var hasArrivals: Bool { !self.arrivals.isThrough || self.handle.inbox.count > 0 }

    /// Somebody waits until that has been.
    var hasWaiters: Bool { !self.arrivals.waiters.isEmpty }

    /// Applies what the bus has for this shard, as far as there is time in this turn and what was applied before is sent.
    ///
    /// Called at the end of a turn, and before anything that must not overtake an event that was published earlier: an
    /// ack after its actions, a member leaving a room. Returns `false` when something is left: what must come after it
    /// is for ``afterArrivals(_:)`` or for the bus itself.
    @discardableResult
    func drainInbox() -> Bool {
        // An item may end a socket, and what that sets off must not put newer items before the rest of this batch.
        guard !self.arrivals.isDraining, self.hasArrivals else { return true }
        self.arrivals.isDraining = true
        self.arrivals.isThrough = false
        while !self.arrivals.budget.isSpent, self.hasRoomForArrivals {
            if self.arrivals.rest == 0 {
                self.arrivals.items.removeAll(keepingCapacity: self.arrivals.items.count < 4_096)
                self.arrivals.next = 0
                self.handle.inbox.takeAll(into: &self.arrivals.items)
                guard self.arrivals.rest > 0 else {
                    self.arrivals.isThrough = true
                    break
                }
            }
            self.arrivals.budget.spend(receivers: self.applyNext()) { .now }
            guard self.arrivals.parting == nil else { continue }
            self.arrivals.next += 1
            self.arrivals.applied &+= 1
        }
        self.arrivals.isDraining = false
        self.handle.inbox.setOverfull(!self.arrivals.isThrough)
        if !self.arrivals.isThrough { self.turnNeeded() }
        return self.arrivals.isThrough
    }

    /// Applies the next item, or some more of it.
    ///
    /// Returns what it cost, in deliveries.
    private func applyNext() -> Int {
        guard var parting = self.arrivals.parting.take() else {
            let item = self.arrivals.items[self.arrivals.next]
            guard let parting = self.localNamespace(item.namespace)?.parting(by: item) else { return self.apply(item) }
            self.arrivals.parting = parting
            return 0
        }
        let (cost, isOver) = parting.goOn()
        if !isOver { self.arrivals.parting = parting }
        return cost
    }

    /// Returns how many sockets it had to do with.
    private func apply(_ item: BusItem) -> Int {
        guard let namespace = self.localNamespace(item.namespace) else {
            if case .entry(let entry) = item.kind {
                entry.admit()
            } else {
                item.reached(0)
            }
            return 0
        }
        return namespace.apply(item)
    }

    /// Calls `body` when everything that the bus has brought so far has been applied.
    ///
    /// For who was told by ``drainInbox()`` that something is left. Newer items may wait or have come first by then.
    func afterArrivals(_ body: @escaping () -> Void) {
        let place = self.arrivals.applied &+ UInt64(self.arrivals.rest + self.handle.inbox.count)
        self.arrivals.waiters.append(.init(place: place, body: body))
        self.turnNeeded()
    }

    /// The part of a turn that is for the bus.
    func applyArrivals() {
        self.arrivals.budget.renew()
        // Those of the last turn, whose time was over: whoever goes on publishing does so in the time of this one.
        self.callWaiters()
        while self.drainInbox(), self.callWaiters() {}
        self.arrivals.budget.renew()
    }

    /// Returns whether there were any.
    @discardableResult private func callWaiters() -> Bool {
        var calls = false
        while let waiter = self.arrivals.waiters.first, waiter.place <= self.arrivals.applied {
            self.arrivals.waiters.removeFirst()
            waiter.body()
            calls = true
        }
        return calls
    }
}
